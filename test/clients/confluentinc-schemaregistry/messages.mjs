// Two files of message types as protoc would have described them, and a message of each of two.

import { create, createFileRegistry, createMutableRegistry } from '@bufbuild/protobuf'
import { FieldDescriptorProto_Label as Label, FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema, TimestampSchema, file_google_protobuf_timestamp }
  from '@bufbuild/protobuf/wkt'

const field = (name, number, type, typeName, label = Label.OPTIONAL) =>
  ({ name, number, type, label, jsonName: name, ...(typeName && { typeName }) })

export function flights(prefix) {
  const imported = `${prefix}/position.proto`
  const name = `p${prefix.replace(/[^a-z0-9]/g, '')}`
  const files = create(FileDescriptorSetSchema, { file: [
    file_google_protobuf_timestamp.proto,
    { name: imported, package: name, syntax: 'proto3',
      messageType: [{ name: 'Position', field: [field('height', 1, Type.INT32)] }] },
    { name: `${prefix}/flight.proto`, package: name, syntax: 'proto3',
      dependency: [imported, 'google/protobuf/timestamp.proto'],
      messageType: [
        { name: 'Flight', nestedType: [{ name: 'Leg',
          field: [field('flight', 1, Type.STRING),
            field('at', 2, Type.MESSAGE, `.${name}.Position`),
            field('since', 3, Type.MESSAGE, '.google.protobuf.Timestamp'),
            field('tags', 4, Type.MESSAGE, `.${name}.Flight.Leg.TagsEntry`, Label.REPEATED)],
          nestedType: [{ name: 'TagsEntry', options: { mapEntry: true },
            field: [field('key', 1, Type.STRING), field('value', 2, Type.INT32)] }] }] },
        { name: 'Remark', field: [field('note', 1, Type.STRING)] }] }] })
  const described = createFileRegistry(files)
  const legType = described.getMessage(`${name}.Flight.Leg`)
  const remarkType = described.getMessage(`${name}.Remark`)
  return {
    imported,
    registry: createMutableRegistry(legType, remarkType, TimestampSchema),
    leg: create(legType, { flight: 'KL 1', tags: { a: 7 }, since: { seconds: 1_800_000_000n },
      at: create(described.getMessage(`${name}.Position`), { height: 41 }) }),
    remark: create(remarkType, { note: 'low' })
  }
}
