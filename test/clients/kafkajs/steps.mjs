// KafkaJS. Its codecs other than gzip are plug-ins: snappy from kafkajs-snappy, lz4 from lz4-napi,
// zstd from Node itself.

import { createRequire } from 'node:module'
import zlib from 'node:zlib'
import { run, waitUntil } from '../steps/steps.mjs'

const require = createRequire(import.meta.url)
const { AssignerProtocol, CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } =
  require('kafkajs')
const { compressFrame, decompressFrame } = require('lz4-napi')

CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: encoder => compressFrame(encoder.buffer),
  decompress: buffer => decompressFrame(buffer)
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async encoder => zlib.zstdCompressSync(encoder.buffer),
  decompress: async buffer => zlib.zstdDecompressSync(buffer)
})

const codecs = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD
}

const asRead = ({ partition, message }) => ({
  partition,
  offset: Number(message.offset),
  timestampMs: Number(message.timestamp),
  key: message.key.toString(),
  value: message.value.toString()
})

class KafkaJs {
  static async open(bootstrap) {
    const client = new KafkaJs()
    client.bootstrap = bootstrap
    client.admin = client.kafka('steps').admin()
    await client.admin.connect()
    return client
  }

  kafka(clientId) {
    return new Kafka({ clientId, brokers: [this.bootstrap], logLevel: logLevel.ERROR })
  }

  createTopic(topic, numPartitions, config) {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
    return this.admin.createTopics({ topics: [{ topic, numPartitions, configEntries }] })
  }

  async produce(topic, records, codec) {
    const producer = this.kafka('steps').producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const messages = records.map(({ key, value, partition, timestampMs }) =>
      ({ key, value, partition, timestamp: String(timestampMs) }))
    const stored = await producer.send({ topic, messages, compression: codecs[codec], acks: -1 })
    await producer.disconnect()
    const count = p => records.filter(({ partition }) => partition === p).length
    return Object.fromEntries(stored.map(({ partition, baseOffset }) =>
      [partition, Number(baseOffset) + count(partition)]))
  }

  async join(groupId, topic, { clientId, autoCommit, onRead, onError }) {
    const consumer = this.kafka(clientId).consumer({
      groupId, heartbeatInterval: 500, maxWaitTimeInMs: 200 })
    let assigned = []
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      assigned = payload.memberAssignment[topic] ?? []
    })
    consumer.on(consumer.events.REBALANCING, () => { assigned = [] })
    consumer.on(consumer.events.CRASH, ({ payload }) => onError(payload.error))
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ autoCommit, eachMessage: async payload => onRead(asRead(payload)) })
    return {
      assigned: () => assigned,
      commit: positions => consumer.commitOffsets(Object.entries(positions).map(
        ([partition, { offset, metadata }]) =>
          ({ topic, partition: Number(partition), offset: String(offset), metadata }))),
      leave: () => consumer.disconnect()
    }
  }

  async committed(groupId, topic) {
    const [{ partitions }] = await this.admin.fetchOffsets({ groupId, topics: [topic] })
    return Object.fromEntries(partitions.map(({ partition, offset, metadata }) =>
      [partition, { offset: Number(offset), metadata }]))
  }

  // KafkaJS answers with the end of the partition when no record is that young.
  async offsetForTime(topic, partition, timestampMs) {
    const of = entries => Number(entries.find(entry => entry.partition === partition).offset)
    const found = of(await this.admin.fetchTopicOffsetsByTimestamp(topic, timestampMs))
    return found === of(await this.admin.fetchTopicOffsets(topic)) ? null : found
  }

  async readFrom(topic, partition, offset) {
    const consumer = this.kafka('steps').consumer({
      groupId: `${topic}-none`, maxWaitTimeInMs: 200 })
    let found = null
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: false })
    await consumer.run({
      autoCommit: false,
      eachMessage: async payload => {
        if (payload.partition === partition) found ??= asRead(payload)
      }
    })
    consumer.seek({ topic, partition, offset: String(offset) })
    await waitUntil(() => found, 'nothing after seeking')
    await consumer.disconnect()
    return found
  }

  topics() {
    return this.admin.listTopics()
  }

  async partitionsWithLeader(topic) {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0].partitions.filter(p => p.leader >= 0 && p.isr.length === 1).length
  }

  async topicConfig(name) {
    const { resources } = await this.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name }]
    })
    return Object.fromEntries(resources[0].configEntries.map(e => [e.configName, e.configValue]))
  }

  async groups() {
    return (await this.admin.listGroups()).groups.map(({ groupId }) => groupId)
  }

  async describeGroup(group) {
    const { groups: [{ state, members }] } = await this.admin.describeGroups([group])
    const assigned = members.flatMap(({ memberAssignment }) =>
      Object.values(AssignerProtocol.MemberAssignment.decode(memberAssignment).assignment).flat())
    return [state.toUpperCase(), members.map(({ clientId }) => clientId), assigned.length]
  }

  deleteGroup(group) {
    return this.admin.deleteGroups([group])
  }

  deleteTopic(topic) {
    return this.admin.deleteTopics({ topics: [topic] })
  }
}

await run('KafkaJS', require('kafkajs/package.json').version, KafkaJs.open)
