import type { AvroRecord, AvroSchema } from '@moraine/avro/avro-schema'
import type { AvroRecordValue, AvroValue } from '@moraine/avro/avro-value'
import { openContainer } from '@moraine/avro/container-reader'
import { decodeValues } from '@moraine/avro/value-decoder'
import { dropUndefined } from '@moraine/stdx/drop-undefined'
import { MoraineError } from '@moraine/stdx/error'
import type { SnapshotId } from '../metadata/snapshot.ts'
import { LIST } from './field-id.ts'
import type { FieldSummary, ManifestFile } from './manifest-file.ts'

export type ManifestList = {
  readonly manifests: readonly ManifestFile[]
  readonly header: ManifestListHeader
}

/** What the file's header says of its snapshot; old writers say nothing. */
export type ManifestListHeader = {
  readonly formatVersion?: number
  readonly snapshotId?: SnapshotId
  readonly parentSnapshotId?: SnapshotId
  readonly sequenceNumber?: number
  readonly firstRowId?: bigint
}

/**
 * Reads a manifest list of format version 1, 2 or 3 (table spec, "Manifest Lists"). Fields are found by id: what v1
 * lacks is as the spec says (data, sequence number 0), counts that old writers left out are absent.
 *
 * @throws {MoraineError} `corrupt` if the file is damaged, `unsupported` for another format version or codec.
 */
export function readManifestList(bytes: Uint8Array, location: string): ManifestList {
  const container = openContainer(bytes, location)
  const header = readHeader(container.metadata, location)
  if (header.formatVersion !== undefined && ![1, 2, 3].includes(header.formatVersion)) {
    throw new MoraineError('unsupported', `${location} has format version ${header.formatVersion}; 1 to 3 are known`)
  }
  const names = fieldNames(container.schema, location)
  const manifests: ManifestFile[] = []
  for (const value of decodeValues(container)) {
    manifests.push(toManifestFile(new Line(value as AvroRecordValue, names, location, manifests.length)))
  }
  return { manifests, header }
}

function toManifestFile(line: Line): ManifestFile {
  return dropUndefined<ManifestFile>({
    manifestPath: line.text(LIST.manifestPath),
    manifestLength: line.count(LIST.manifestLength),
    partitionSpecId: line.count(LIST.partitionSpecId),
    content: toContent(line),
    sequenceNumber: line.optionalCount(LIST.sequenceNumber) ?? 0,
    minSequenceNumber: line.optionalCount(LIST.minSequenceNumber) ?? 0,
    addedSnapshotId: line.integer(LIST.addedSnapshotId) as SnapshotId,
    addedFilesCount: line.optionalCount(LIST.addedFilesCount),
    existingFilesCount: line.optionalCount(LIST.existingFilesCount),
    deletedFilesCount: line.optionalCount(LIST.deletedFilesCount),
    addedRowsCount: line.optionalCount(LIST.addedRowsCount),
    existingRowsCount: line.optionalCount(LIST.existingRowsCount),
    deletedRowsCount: line.optionalCount(LIST.deletedRowsCount),
    partitions: line.records(LIST.partitions).map(toFieldSummary),
    keyMetadata: line.bytes(LIST.keyMetadata),
    firstRowId: line.optionalInteger(LIST.firstRowId),
  })
}

function toContent(line: Line): ManifestFile['content'] {
  const code = line.optionalCount(LIST.content) ?? 0
  if (code > 1) line.fail(LIST.content, `there is no manifest content ${code}`)
  return code === 0 ? 'data' : 'deletes'
}

function toFieldSummary(line: Line): FieldSummary {
  return dropUndefined<FieldSummary>({
    containsNull: line.flag(LIST.containsNull) ?? line.fail(LIST.containsNull, 'it is missing'),
    containsNan: line.flag(LIST.containsNan),
    lowerBound: line.bytes(LIST.lowerBound),
    upperBound: line.bytes(LIST.upperBound),
  })
}

/** One record of the list, its fields by id; each method checks that the value is of its kind. */
class Line {
  readonly #record: AvroRecordValue
  readonly #names: ReadonlyMap<number, string>
  readonly #location: string
  readonly #ordinal: number

  constructor(record: AvroRecordValue, names: ReadonlyMap<number, string>, location: string, ordinal: number) {
    this.#record = record
    this.#names = names
    this.#location = location
    this.#ordinal = ordinal
  }

  text(fieldId: number): string {
    const value = this.#value(fieldId)
    return typeof value === 'string' ? value : this.fail(fieldId, 'it is no text')
  }

  flag(fieldId: number): boolean | undefined {
    const value = this.#value(fieldId)
    return value === null || typeof value === 'boolean' ? (value ?? undefined) : this.fail(fieldId, 'it is no boolean')
  }

  /** A copy: a bound is kept for longer than the block it was read from. */
  bytes(fieldId: number): Uint8Array | undefined {
    const value = this.#value(fieldId)
    if (value === null) return undefined
    return value instanceof Uint8Array ? value.slice() : this.fail(fieldId, 'it is no bytes')
  }

  integer(fieldId: number): bigint {
    return this.optionalInteger(fieldId) ?? this.fail(fieldId, 'it is missing')
  }

  optionalInteger(fieldId: number): bigint | undefined {
    const value = this.#value(fieldId)
    if (value === null) return undefined
    return typeof value === 'bigint' || typeof value === 'number'
      ? BigInt(value)
      : this.fail(fieldId, 'it is no integer')
  }

  count(fieldId: number): number {
    return this.optionalCount(fieldId) ?? this.fail(fieldId, 'it is missing')
  }

  optionalCount(fieldId: number): number | undefined {
    const value = this.optionalInteger(fieldId)
    if (value === undefined) return undefined
    const count = Number(value)
    return Number.isSafeInteger(count) && count >= 0 ? count : this.fail(fieldId, `${value} is out of range`)
  }

  records(fieldId: number): readonly Line[] {
    const value = this.#value(fieldId)
    if (value === null) return []
    if (!Array.isArray(value)) return this.fail(fieldId, 'it is no list')
    const items = value as readonly AvroValue[]
    return items.map((item) => new Line(item as AvroRecordValue, this.#names, this.#location, this.#ordinal))
  }

  fail(fieldId: number, detail: string): never {
    const name = this.#names.get(fieldId) ?? `field ${fieldId}`
    throw new MoraineError('corrupt', `${this.#location} is damaged: line ${this.#ordinal}, ${name}: ${detail}`)
  }

  #value(fieldId: number): AvroValue {
    const name = this.#names.get(fieldId)
    return name === undefined ? null : (this.#record[name] ?? null)
  }
}

/** The names that this file gives to its fields, by their ids; ids are unique, names are so within a record. */
function fieldNames(schema: AvroSchema, location: string): ReadonlyMap<number, string> {
  if (schema.kind !== 'record')
    throw new MoraineError('corrupt', `${location} is no manifest list: it holds no records`)
  const names = new Map<number, string>()
  const collect = (record: AvroRecord) => {
    for (const { fieldId, name } of record.fields) if (fieldId !== undefined) names.set(fieldId, name)
  }
  collect(schema)
  const partitions = schema.fields.find((field) => field.fieldId === LIST.partitions)?.schema
  const branches = partitions?.kind === 'union' ? partitions.branches : partitions === undefined ? [] : [partitions]
  for (const branch of branches) if (branch.kind === 'array' && branch.items.kind === 'record') collect(branch.items)
  return names
}

function readHeader(metadata: ReadonlyMap<string, Uint8Array>, location: string): ManifestListHeader {
  const integer = (key: string): bigint | undefined => {
    const value = metadata.get(key)
    const text = value === undefined ? 'null' : Buffer.from(value).toString('utf8')
    if (text === 'null') return undefined
    if (/^-?\d{1,19}$/.test(text)) return BigInt(text)
    throw new MoraineError('corrupt', `${location} is damaged: its header has the ${key} "${text.slice(0, 40)}"`)
  }
  const number = (key: string): number | undefined => {
    const value = integer(key)
    return value === undefined ? undefined : Number(value)
  }
  return dropUndefined<ManifestListHeader>({
    formatVersion: number('format-version'),
    snapshotId: integer('snapshot-id') as SnapshotId | undefined,
    parentSnapshotId: integer('parent-snapshot-id') as SnapshotId | undefined,
    sequenceNumber: number('sequence-number'),
    firstRowId: integer('first-row-id'),
  })
}
