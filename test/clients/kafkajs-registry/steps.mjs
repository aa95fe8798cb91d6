// KafkaJS with its client of Confluent's registry. Its register() asks for the subject's own level
// first and takes 404 for "new", registers, then sets the level.

import { createRequire } from 'node:module'
import { expect, runSteps } from '../steps/steps.mjs'
import { position, refused, sightings, Topics } from '../steps/registry.mjs'

const require = createRequire(import.meta.url)
const { Kafka, logLevel } = require('kafkajs')
const { COMPATIBILITY, SchemaRegistry, SchemaType } =
  require('@kafkajs/confluent-schema-registry')

const [bootstrap, prefix, url] = process.argv.slice(2)
const topics = new Topics(
  new Kafka({ clientId: 'steps', brokers: [bootstrap], logLevel: logLevel.ERROR }), prefix)
const same = (got, wanted, what) =>
  expect(JSON.stringify(got) === JSON.stringify(wanted), `${what}: ${JSON.stringify(got)}`)

// A new one each time: a client keeps what it has seen, and this asks the registry.
const client = () => new SchemaRegistry({ host: url, retry: { retries: 0 } })
const subjectOf = name => `${prefix}/${name}:value`
const avro = (schema, references) => ({ type: SchemaType.AVRO, schema, references })
const { BACKWARD, FULL } = COMPATIBILITY

async function register() {
  const subject = subjectOf('register')
  const { id } = await client().register(avro(sightings.first), { subject, compatibility: FULL })
  const again = await client().register(avro(sightings.first), { subject, compatibility: FULL })
  same(again.id, id, 'a second time')
  same(await client().getRegistryId(subject, 1), id, 'version 1')
  same(await client().getLatestSchemaId(subject), id, 'the latest')
  same(await client().getRegistryIdBySchema(subject, avro(sightings.first)), id, 'looked up')
  const level = await (await fetch(`${url}/config/${encodeURIComponent(subject)}`)).json()
  same(level.compatibilityLevel, FULL, 'the level that it set')
  return refused('Compatibility does not match the configuration (BACKWARD != FULL)',
    () => client().register(avro(sightings.first), { subject, compatibility: BACKWARD }))
}

async function evolve() {
  const subject = subjectOf('evolve')
  const first = await client().register(avro(sightings.first), { subject })
  const second = await client().register(avro(sightings.second), { subject })
  expect(second.id > first.id, `id ${second.id} after ${first.id}`)
  same(await client().getRegistryId(subject, 2), second.id, 'version 2')
  const [one, two] = [await client().encode(first.id, { flight: 'KL 1' }),
    await client().encode(second.id, { flight: 'KL 2', height: 41 })]
  const readerSchema = JSON.parse(sightings.second)
  const read = [await client().decode(one, { [SchemaType.AVRO]: { readerSchema } }),
    await client().decode(two)]
  same(read, [{ flight: 'KL 1', height: 0 }, { flight: 'KL 2', height: 41 }], 'decoded')
  return `ids ${first.id} and ${second.id}`
}

async function refuse() {
  const subject = subjectOf('refuse')
  await refused(`Subject '${subject}' not found.`, () => client().getLatestSchemaId(subject))
  await client().register(avro(sightings.first), { subject })
  await refused('Version 7 not found.', () => client().getRegistryId(subject, 7))
  await refused('not found', () => client().decode(Buffer.from([0, 0x70, 0, 0, 1, 2])))
  return refused('READER_FIELD_MISSING_DEFAULT_VALUE',
    () => client().register(avro(sightings.incompatible), { subject }))
}

async function throughTopic(name, schema, sent) {
  const topic = await topics.create(name)
  const { id } = await client().register(schema, { subject: `${topic}-value` })
  await topics.send(topic, [{ value: await client().encode(id, sent) }])
  const [message] = await topics.receive(topic, 1)
  same([message.value[0], message.value.readInt32BE(1)], [0, id], 'the prefix')
  return { topic, read: JSON.parse(JSON.stringify(await client().decode(message.value))) }
}

async function avroThroughTopic() {
  const subject = `${prefix}-position`
  await client().register(avro(position), { subject })
  const references = [{ name: 'gorge.Position', subject, version: 1 }]
  const sent = { flight: 'KL 1', at: { height: 41 } }
  const { read } = await throughTopic('avro', avro(sightings.referring, references), sent)
  same(read, sent, 'read')
  return JSON.stringify(read)
}

async function json() {
  const schema = required => ({ type: SchemaType.JSON, schema: JSON.stringify({
    type: 'object', properties: { flight: { type: 'string' }, height: { type: 'integer' } },
    required, additionalProperties: false }) })
  const { topic, read } = await throughTopic('json', schema(['flight']), { flight: 'KL 1' })
  same(read, { flight: 'KL 1' }, 'read')
  return refused('REQUIRED_ATTRIBUTE_ADDED', () =>
    client().register(schema(['flight', 'height']), { subject: `${topic}-value` }))
}

async function protobuf() {
  const schema = type => ({ type: SchemaType.PROTOBUF, schema: `syntax = "proto3";
    package gorge;
    message Sighting { ${type} flight = 1; repeated int32 heights = 2; }` })
  const { topic, read } = await throughTopic('protobuf', schema('string'),
    { flight: 'KL 1', heights: [41, 42] })
  same(read, { flight: 'KL 1', heights: [41, 42] }, 'read')
  return refused('FIELD_SCALAR_KIND_CHANGED', () =>
    client().register(schema('int64'), { subject: `${topic}-value` }))
}

console.log('client @kafkajs/confluent-schema-registry ' +
  require('@kafkajs/confluent-schema-registry/package.json').version)
await runSteps([['register', register], ['evolve', evolve], ['refuse', refuse],
  ['avro', avroThroughTopic], ['json', json], ['protobuf', protobuf]])
