// What the programs about the schema registry share: the same schemas, records through a topic by
// KafkaJS, and errors that must come.

import { expect, waitUntil } from './steps.mjs'

const record = (name, ...fields) =>
  JSON.stringify({ type: 'record', name, namespace: 'gorge', fields })

const flight = { name: 'flight', type: 'string' }
const height = { name: 'height', type: 'int' }
export const position = record('Position', { ...height, default: 0 })
export const sightings = {
  first: record('Sighting', flight),
  second: record('Sighting', flight, { ...height, default: 0 }),
  incompatible: record('Sighting', flight, height),
  referring: record('Sighting', flight,
    { name: 'at', type: ['null', 'gorge.Position'], default: null })
}

// Runs what the registry must refuse with a text; the result is the message.
export async function refused(text, action, status) {
  let got
  try {
    got = await action()
  } catch (error) {
    expect(error.message.includes(text), `wanted "${text}", got: ${error.message}`)
    expect(!status || error.status === status, `status ${error.status}: ${error.message}`)
    return error.message
  }
  throw new Error(`wanted "${text}", got ${JSON.stringify(got)}`)
}

export class Topics {
  constructor(kafka, prefix) {
    Object.assign(this, { kafka, prefix })
  }

  async create(name) {
    const topic = `${this.prefix}-${name}`
    const admin = this.kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    await admin.disconnect()
    return topic
  }

  async send(topic, messages) {
    const producer = this.kafka.producer()
    await producer.connect()
    await producer.send({ topic, messages, acks: -1 })
    await producer.disconnect()
  }

  // The first `count` messages of the topic.
  async receive(topic, count) {
    const consumer = this.kafka.consumer({ groupId: `${topic}-${count}`, maxWaitTimeInMs: 200 })
    const messages = []
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ autoCommit: false, eachMessage: async e => messages.push(e.message) })
    await waitUntil(() => messages.length >= count, `${count} records in ${topic}`)
    await consumer.disconnect()
    return messages
  }
}
