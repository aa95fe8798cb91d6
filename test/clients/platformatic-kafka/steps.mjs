// @platformatic/kafka.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { run } from '../steps/steps.mjs'

const TOPIC_RESOURCE = 2

const asRead = ({ partition, offset, timestamp, key, value }) =>
  ({ partition, offset: Number(offset), timestampMs: Number(timestamp), key, value })

class Platformatic {
  constructor(bootstrap) {
    this.base = { bootstrapBrokers: [bootstrap], clientId: 'steps' }
    this.admin = new Admin(this.base)
  }

  async createTopic(topic, partitions, config) {
    const configs = Object.entries(config).map(([name, value]) => ({ name, value }))
    try {
      await this.admin.createTopics({ topics: [topic], partitions, replicas: 1, configs })
      return true
    } catch (error) {
      if (error.findBy?.('apiId', 'TOPIC_ALREADY_EXISTS')) return false
      throw error
    }
  }

  async produce(topic, records, compression) {
    const producer = new Producer({ ...this.base, serializers: stringSerializers, idempotent: true })
    const messages = records.map(({ key, value, partition, timestampMs }) =>
      ({ topic, key, value, partition, timestamp: BigInt(timestampMs) }))
    const { offsets } = await producer.send({ messages, compression, acks: -1 })
    await producer.close()
    const count = p => records.filter(({ partition }) => partition === p).length
    return Object.fromEntries(offsets.map(({ partition, offset }) =>
      [partition, Number(offset) + count(partition)]))
  }

  consumer(groupId, clientId = 'steps') {
    return new Consumer({ ...this.base, groupId, clientId, deserializers: stringDeserializers,
      heartbeatInterval: 500, sessionTimeout: 10_000, maxWaitTime: 100 })
  }

  async join(groupId, topic, { clientId, autoCommit, onRead, onError }) {
    const consumer = this.consumer(groupId, clientId)
    let joined = false
    consumer.on('consumer:group:join', () => { joined = true })
    consumer.on('consumer:group:rebalance', () => { joined = false })
    const stream = await consumer.consume({ topics: [topic], mode: 'committed',
      fallbackMode: 'earliest', autocommit: autoCommit })
    stream.on('data', message => onRead(asRead(message)))
    stream.on('error', onError)
    return {
      assigned: () => joined ? (consumer.assignments ?? []).flatMap(a => a.partitions) : [],
      // It has no place for metadata.
      commit: positions => consumer.commit({ offsets: Object.entries(positions).map(
        ([partition, { offset }]) => ({ topic, partition: Number(partition),
          offset: BigInt(offset), leaderEpoch: -1 })) }),
      leave: async () => {
        await stream.close()
        await consumer.close(true)
      }
    }
  }

  async committed(group, topic) {
    const [{ topics }] = await this.admin.listConsumerGroupOffsets({ groups: [group] })
    const { partitions } = topics.find(({ name }) => name === topic)
    return Object.fromEntries(partitions.map(({ partitionIndex, committedOffset }) =>
      [partitionIndex, { offset: Number(committedOffset), metadata: null }]))
  }

  async offsetForTime(topic, partition, timestampMs) {
    const consumer = this.consumer(`${topic}-none`)
    const found = await consumer.listOffsetsWithTimestamps({ topics: [topic],
      timestamp: BigInt(timestampMs) })
    await consumer.close()
    const offset = Number(found.get(topic).get(partition).offset)
    return offset === -1 ? null : offset
  }

  async readFrom(topic, partition, offset) {
    const consumer = this.consumer(`${topic}-none`)
    const partitions = await this.partitionsWithLeader(topic)
    const stream = await consumer.consume({ topics: [topic], mode: 'manual', autocommit: false,
      offsets: Array.from({ length: partitions }, (_, p) => ({ topic, partition: p,
        offset: BigInt(p === partition ? offset : 0) })) })
    for await (const message of stream) {
      if (message.partition !== partition) continue
      await stream.close()
      await consumer.close(true)
      return asRead(message)
    }
    throw new Error('the stream ended')
  }

  topics() {
    return this.admin.listTopics()
  }

  async partitionsWithLeader(topic) {
    const metadata = await this.admin.metadata({ topics: [topic], forceUpdate: true })
    return metadata.topics.get(topic).partitions.filter(p => p.leader >= 0 && p.isr.length === 1)
      .length
  }

  async topicConfig(resourceName) {
    const [{ configs }] = await this.admin.describeConfigs({
      resources: [{ resourceType: TOPIC_RESOURCE, resourceName, configurationKeys: null }] })
    return Object.fromEntries(configs.map(({ name, value }) => [name, value]))
  }

  async groups() {
    return [...(await this.admin.listGroups()).keys()]
  }

  async describeGroup(group) {
    const { state, members } = (await this.admin.describeGroups({ groups: [group] })).get(group)
    const all = [...members.values()]
    const assigned = all.flatMap(m => [...m.assignments.values()].flatMap(a => a.partitions))
    return [state.toUpperCase(), all.map(({ clientId }) => clientId), assigned.length]
  }

  deleteGroup(group) {
    return this.admin.deleteGroups({ groups: [group] })
  }

  deleteTopic(topic) {
    return this.admin.deleteTopics({ topics: [topic] })
  }
}

const manifest = new URL('../package.json', import.meta.resolve('@platformatic/kafka'))
const { version } = JSON.parse(readFileSync(fileURLToPath(manifest)))
await run('@platformatic/kafka', version, async bootstrap => new Platformatic(bootstrap))
