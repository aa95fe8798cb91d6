// Confluent's registry client and serdes for JavaScript.

import { createRequire } from 'node:module'
import { expect, runSteps } from '../steps/steps.mjs'
import { position, refused, sightings, Topics } from '../steps/registry.mjs'
import { flights } from './messages.mjs'

const require = createRequire(import.meta.url)
const { Kafka, logLevel } = require('kafkajs')
const registry = require('@confluentinc/schemaregistry')

const [bootstrap, prefix, url] = process.argv.slice(2)
const topics = new Topics(
  new Kafka({ clientId: 'steps', brokers: [bootstrap], logLevel: logLevel.ERROR }), prefix)
const value = registry.SerdeType.VALUE
const same = (got, wanted, what) =>
  expect(JSON.stringify(got) === JSON.stringify(wanted), `${what}: ${JSON.stringify(got)}`)

// A new one each time: a client keeps what it has seen, and this asks the registry.
const client = () => registry.SchemaRegistryClient.newClient({ baseURLs: [url] })
// It does not encode subjects in every path, so no slash in them.
const subjectOf = name => `${prefix}-${name}:value`
const avro = schema => ({ schema, schemaType: 'AVRO' })

async function register() {
  const subject = subjectOf('register')
  const id = await client().register(subject, avro(sightings.first))
  same(await client().register(subject, avro(sightings.first)), id, 'a second time')
  const { schema } = await client().getBySubjectAndId(subject, id)
  same(JSON.parse(schema), JSON.parse(sightings.first), 'the text')
  same(await client().getId(subject, avro(sightings.first)), id, 'looked up')
  same(await client().getVersion(subject, avro(sightings.first)), 1, 'the version')
  expect((await client().getAllSubjects()).includes(subject), 'the subject is not listed')
  const { guid } = await client().registerFullResponse(subject, avro(sightings.first))
  const byGuid = await client().getByGuid((guid ??
    (await client().getLatestSchemaMetadata(subject)).guid))
  same(byGuid.schema, schema, 'by guid')
  return `id ${id}`
}

async function evolve() {
  const subject = subjectOf('evolve')
  const first = await client().register(subject, avro(sightings.first))
  same(await client().testSubjectCompatibility(subject, avro(sightings.second)), true, 'all')
  same(await client().testCompatibility(subject, 1, avro(sightings.second)), true, 'version 1')
  const second = await client().register(subject, avro(sightings.second))
  same(await client().getAllVersions(subject), [1, 2], 'versions')
  const latest = await client().getLatestSchemaMetadata(subject)
  same([latest.id, latest.version], [second, 2], 'latest')
  const one = await client().getSchemaMetadata(subject, 1)
  same([one.id, one.version], [first, 1], 'version 1')
  return `ids ${first} and ${second}`
}

async function refuse() {
  const subject = subjectOf('refuse')
  await refused(`Subject '${subject}' not found.`, () => client().getAllVersions(subject), 404)
  await client().register(subject, avro(sightings.first))
  same(await client().testSubjectCompatibility(subject, avro(sightings.incompatible)), false,
    'said to be compatible')
  await refused('Schema not found', () => client().getId(subject, avro(sightings.second)), 404)
  await refused('Version 7 not found.', () => client().getSchemaMetadata(subject, 7), 404)
  await refused('', () => client().register(subject, avro('{"type":"recor"}')), 422)
  return refused('READER_FIELD_MISSING_DEFAULT_VALUE',
    () => client().register(subject, avro(sightings.incompatible)), 409)
}

async function contract() {
  const subject = subjectOf('contract')
  const ids = []
  for (const owner of ['hydrology', 'aviation']) {
    ids.push(await client().register(subject, {
      ...avro(sightings.second),
      metadata: { properties: { owner } },
      ruleSet: { domainRules: [{ name: 'tall', kind: 'CONDITION', mode: 'WRITE', type: 'CEL',
        expr: 'message.height < 600' }] }
    }))
  }
  expect(ids[0] !== ids[1], `other metadata, the same id ${ids[0]}`)
  const found = await client().getLatestWithMetadata(subject, { owner: 'hydrology' })
  same([found.id, found.version, found.metadata.properties.owner], [ids[0], 1, 'hydrology'],
    'by metadata')
  same(found.ruleSet.domainRules[0].expr, 'message.height < 600', 'the rule')
  return `ids ${ids}`
}

async function config() {
  const subject = subjectOf('config')
  await refused('', () => client().getCompatibility(subject), 404)
  same(await client().getDefaultCompatibility(), 'BACKWARD', 'of all')
  await client().updateCompatibility(subject, 'FULL_TRANSITIVE')
  same(await client().getCompatibility(subject), 'FULL_TRANSITIVE', 'of the subject')
  await client().updateConfig(subject, { compatibility: 'NONE', compatibilityGroup: 'major' })
  const got = await client().getConfig(subject)
  same([got.compatibilityLevel, got.compatibilityGroup], ['NONE', 'major'], 'config')
  await client().register(subject, avro(sightings.first))
  await client().register(subject, avro(sightings.incompatible))
  await refused('Invalid compatibility level', () =>
    client().updateCompatibility(subject, 'SIDEWAYS'), 422)
  return 'level and group of a subject'
}

async function remove() {
  const subject = subjectOf('delete')
  await client().register(subject, avro(sightings.first))
  const second = await client().register(subject, avro(sightings.second))
  await refused('', () => client().deleteSubjectVersion(subject, 2, true), 404)
  same(await client().deleteSubjectVersion(subject, 2), 2, 'deleted')
  same(await client().getAllVersions(subject), [1], 'versions left')
  const text = (await client().getBySubjectAndId(subject, second)).schema
  same(JSON.parse(text), JSON.parse(sightings.second), 'the text of the id')
  same(await client().register(subject, avro(sightings.second)), second, 'the id')
  same(await client().getAllVersions(subject), [1, 3], 'versions')
  same(await client().deleteSubject(subject), [1, 3], 'deleted')
  await client().deleteSubject(subject, true)
  await refused(`Subject '${subject}' not found.`, () => client().getAllVersions(subject), 404)
  return 'version 2 became 3'
}

// Written with each version, read with the schema they were written with.
async function avroSerdes() {
  const topic = await topics.create('avro')
  const subject = `${topic}-value`
  await client().register(`${prefix}-position`, avro(position))
  const references = [{ name: 'gorge.Position', subject: `${prefix}-position`, version: 1 }]
  await client().register(subject, avro(sightings.first))
  await client().register(subject, { ...avro(sightings.referring), references })
  const serializer = new registry.AvroSerializer(client(), value, { useLatestVersion: true })
  const values = [{ flight: 'KL 1', at: null }, { flight: 'KL 2', at: { height: 41 } }]
  for (const sent of values) {
    await topics.send(topic, [{ value: await serializer.serialize(topic, sent) }])
  }
  const deserializer = new registry.AvroDeserializer(client(), value, {})
  const [one, two] = await topics.receive(topic, 2)
  const read = [await deserializer.deserialize(topic, one.value),
    await deserializer.deserialize(topic, two.value)]
  same(read, values, 'read')
  return `with a reference: ${JSON.stringify(read[1])}`
}

async function header() {
  const topic = await topics.create('header')
  await client().register(`${topic}-value`, avro(sightings.first))
  const serializer = new registry.AvroSerializer(client(), value, {
    useLatestVersion: true, schemaIdSerializer: registry.HeaderSchemaIdSerializer })
  const headers = {}
  const data = await serializer.serialize(topic, { flight: 'KL 1' }, headers)
  await topics.send(topic, [{ value: data, headers }])
  const [message] = await topics.receive(topic, 1)
  same([...message.value], [8, ...Buffer.from('KL 1')], 'the value')
  same([message.headers.__value_schema_id.length, message.headers.__value_schema_id[0]], [17, 1],
    'the header')
  const read = await new registry.AvroDeserializer(client(), value, {})
    .deserialize(topic, message.value, message.headers)
  same(read.flight, 'KL 1', 'read')
  return 'the GUID in a header'
}

async function json() {
  const topic = await topics.create('json')
  const subject = `${topic}-value`
  const schema = (properties, required) => ({ schemaType: 'JSON', schema: JSON.stringify({
    $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties, required,
    additionalProperties: false }) })
  const flight = { type: 'string' }
  const height = { type: 'integer' }
  await client().register(subject, schema({ flight }, ['flight']))
  await client().register(subject, schema({ flight, height }, ['flight']))
  const serializer = new registry.JsonSerializer(client(), value,
    { useLatestVersion: true, validate: true })
  const sent = { flight: 'KL 1', height: 41 }
  await topics.send(topic, [{ value: await serializer.serialize(topic, sent) }])
  const [message] = await topics.receive(topic, 1)
  const read = await new registry.JsonDeserializer(client(), value, { validate: true })
    .deserialize(topic, message.value)
  same(read, sent, 'read')
  await refused('', () => serializer.serialize(topic, { flight: 5 }))
  return refused('REQUIRED_ATTRIBUTE_ADDED',
    () => client().register(subject, schema({ flight, height }, ['flight', 'height'])), 409)
}

// Registered by the serializer as base64 descriptors; the import becomes a subject of its own.
async function protobuf() {
  const topic = await topics.create('protobuf')
  const { registry: types, imported, leg, remark } = flights(prefix)
  const serializer = new registry.ProtobufSerializer(client(), value,
    { autoRegisterSchemas: true, registry: types })
  for (const message of [leg, remark]) {
    await topics.send(topic, [{ value: await serializer.serialize(topic, message) }])
  }
  const messages = await topics.receive(topic, 2)
  same([...messages[0].value.subarray(5, 8), ...messages[1].value.subarray(5, 7)],
    [4, 0, 0, 2, 2], 'message indexes')
  const deserializer = new registry.ProtobufDeserializer(client(), value, {})
  const read = []
  for (const message of messages) read.push(await deserializer.deserialize(topic, message.value))
  same([read[0].flight, read[0].at.height, read[0].tags.a, read[1].note], ['KL 1', 41, 7, 'low'],
    'read')
  const latest = await client().getLatestSchemaMetadata(`${topic}-value`)
  expect(latest.references.some(({ name }) => name === imported), 'the import is no reference')
  expect(latest.schema.includes('map<string, int32> tags'), `text ${latest.schema}`)
  return refused('FIELD_SCALAR_KIND_CHANGED', () => client().register(`${topic}-value`, {
    schemaType: 'PROTOBUF', references: latest.references,
    schema: latest.schema.replace('string flight = 1', 'int64 flight = 1') }), 409)
}

console.log('client @confluentinc/schemaregistry ' +
  require('@confluentinc/schemaregistry/package.json').version)
await runSteps([['register', register], ['evolve', evolve], ['refuse', refuse],
  ['contract', contract], ['config', config], ['delete', remove], ['avro', avroSerdes],
  ['header', header], ['json', json], ['protobuf', protobuf]])
