import type { AvroField, AvroRecord, AvroSchema } from '@moraine/avro/avro-schema'
import { optionOf } from '@moraine/avro/avro-value'
import { encodedBytesMin } from '@moraine/avro/encoded-size'
import { type AvroSkipper, compileSkipper } from '@moraine/avro/value-skipper'
import { MoraineError } from '@moraine/stdx/error'
import type { PartitionSpec } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { encodingLayout } from './encoding-layout.ts'
import { ENTRY } from './field-id.ts'
import { compilePartitionDecoder, type PartitionDecoder } from './partition-decoder.ts'

/**
 * How to read the entries of one manifest: the fields of its writer's schema in the order in which they are encoded,
 * each with what is to be done with it. Made once per manifest, so that reading an entry is a walk along a list.
 */
export type EntryPlan = {
  readonly steps: readonly FieldStep[]
  /** The fields of the `data_file` record. */
  readonly dataFileSteps: readonly FieldStep[]
  readonly decodePartition: PartitionDecoder
  readonly entryBytesMin: number
  /** False for v1 manifests. */
  readonly hasSequenceNumbers: boolean
  /** Of `encodingLayout`, for the `data_file` record. */
  readonly dataFileLayout: string
}

export type FieldStep = {
  /** The field's id if it is one of `ENTRY` and of a fitting type, else -1: the field is skipped. */
  readonly action: number
  /** The name in the schema, for error messages. */
  readonly name: string
  /** The union branch that means null; -1 if the field is no option. */
  readonly nullBranch: number
  /** Moves past a value that is not null. */
  readonly skip: AvroSkipper
}

const SKIP = -1

/**
 * @throws {MoraineError} `corrupt` if the schema lacks a field that every manifest has, or gives a field a type it
 *   cannot have; `what` names the manifest.
 */
export function planEntries(
  schema: AvroSchema,
  spec: PartitionSpec,
  partitionTypes: readonly PrimitiveType[],
  what: string,
): EntryPlan {
  if (schema.kind !== 'record') throw new MoraineError('corrupt', `${what} is no manifest: its entries are no records`)
  const dataFile = requireField(schema, ENTRY.dataFile, 'data_file', what).schema
  if (dataFile.kind !== 'record') throw new MoraineError('corrupt', `${what} is no manifest: data_file is no record`)
  requireField(schema, ENTRY.status, 'status', what)
  for (const [fieldId, name] of REQUIRED_OF_FILE) requireField(dataFile, fieldId, name, what)

  const dataFileSteps = dataFile.fields.map((field) => planField(field, `data_file.${field.name}`, FILE_KINDS, what))
  const steps = schema.fields.map((field) => planField(field, field.name, ENTRY_KINDS, what))
  const partition = requireField(dataFile, ENTRY.partition, 'partition', what).schema
  return {
    steps,
    dataFileSteps,
    decodePartition: compilePartitionDecoder(partition, spec, partitionTypes, what),
    entryBytesMin: encodedBytesMin(schema),
    hasSequenceNumbers: schema.fields.some((field) => field.fieldId === ENTRY.dataSequenceNumber),
    dataFileLayout: encodingLayout(dataFile),
  }
}

const REQUIRED_OF_FILE: readonly (readonly [number, string])[] = [
  [ENTRY.filePath, 'file_path'],
  [ENTRY.fileFormat, 'file_format'],
  [ENTRY.partition, 'partition'],
  [ENTRY.recordCount, 'record_count'],
  [ENTRY.fileSizeBytes, 'file_size_in_bytes'],
]

/** A test of a field's Avro type; int and long are encoded alike, and some writers mix them up. */
type KindTest = (schema: AvroSchema) => boolean

const isInteger: KindTest = ({ kind }) => kind === 'int' || kind === 'long'
const isText: KindTest = ({ kind }) => kind === 'string'
const isBytes: KindTest = ({ kind }) => kind === 'bytes'
const isRecord: KindTest = ({ kind }) => kind === 'record'
const isIntegerList: KindTest = (schema) => schema.kind === 'array' && isInteger(schema.items)
const isMapTo =
  (isValue: KindTest): KindTest =>
  (schema) => {
    if (schema.kind !== 'array' || schema.items.kind !== 'record') return false
    const [key, value, ...more] = schema.items.fields
    return (
      key !== undefined && value !== undefined && more.length === 0 && isInteger(key.schema) && isValue(value.schema)
    )
  }

const ENTRY_KINDS: ReadonlyMap<number, KindTest> = new Map([
  [ENTRY.status, isInteger],
  [ENTRY.snapshotId, isInteger],
  [ENTRY.dataSequenceNumber, isInteger],
  [ENTRY.fileSequenceNumber, isInteger],
  [ENTRY.dataFile, isRecord],
])

const FILE_KINDS: ReadonlyMap<number, KindTest> = new Map([
  [ENTRY.content, isInteger],
  [ENTRY.filePath, isText],
  [ENTRY.fileFormat, isText],
  [ENTRY.partition, isRecord],
  [ENTRY.recordCount, isInteger],
  [ENTRY.fileSizeBytes, isInteger],
  [ENTRY.columnSizes, isMapTo(isInteger)],
  [ENTRY.valueCounts, isMapTo(isInteger)],
  [ENTRY.nullValueCounts, isMapTo(isInteger)],
  [ENTRY.nanValueCounts, isMapTo(isInteger)],
  [ENTRY.lowerBounds, isMapTo(isBytes)],
  [ENTRY.upperBounds, isMapTo(isBytes)],
  [ENTRY.keyMetadata, isBytes],
  [ENTRY.splitOffsets, isIntegerList],
  [ENTRY.equalityIds, isIntegerList],
  [ENTRY.sortOrderId, isInteger],
  [ENTRY.firstRowId, isInteger],
  [ENTRY.referencedDataFile, isText],
  [ENTRY.contentOffset, isInteger],
  [ENTRY.contentSizeBytes, isInteger],
])

function planField(field: AvroField, name: string, kinds: ReadonlyMap<number, KindTest>, what: string): FieldStep {
  const isKind = field.fieldId === undefined ? undefined : kinds.get(field.fieldId)
  const option = field.schema.kind === 'union' ? optionOf(field.schema) : undefined
  const schema = option?.schema ?? field.schema
  if (isKind !== undefined && !isKind(schema)) {
    throw new MoraineError('corrupt', `${what} is damaged: its schema gives ${name} the type ${schema.kind}`)
  }
  return {
    action: isKind === undefined || field.fieldId === undefined ? SKIP : field.fieldId,
    name,
    nullBranch: option?.nullBranch ?? -1,
    skip: compileSkipper(schema),
  }
}

function requireField(record: AvroRecord, fieldId: number, name: string, what: string): AvroField {
  const field = record.fields.find((candidate) => candidate.fieldId === fieldId)
  if (field !== undefined) return field
  throw new MoraineError('corrupt', `${what} is no manifest: its schema has no field ${fieldId} (${name})`)
}
