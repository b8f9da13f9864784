import { once } from 'node:events'
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import avsc from 'avsc'
import { snappyCompress } from 'hyparquet-writer/src/snappy.js'
import type { AvroSchema } from '../avro-schema.ts'
import { type AvroUnionValue, type AvroValue, optionOf } from '../avro-value.ts'

/**
 * A second implementation of Avro, for tests: avsc with 64-bit integers as bigints and every union value wrapped with
 * the name of its branch.
 */
export function oracleType(schemaText: string): avsc.Type {
  return avsc.Type.forSchema(JSON.parse(schemaText) as avsc.Schema, {
    wrapUnions: 'always',
    typeHook: (schema) => (nameOf(schema) === 'long' ? bigLong : undefined),
    // Dates and decimals stay what they are encoded as.
    logicalTypes: {},
  })
}

function nameOf(schema: unknown): unknown {
  return typeof schema === 'object' && schema !== null && 'type' in schema ? schema.type : schema
}

const bigLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
})

/** Our value in the shape that avsc takes and gives. */
export function toOracle(schema: AvroSchema, value: AvroValue): unknown {
  switch (schema.kind) {
    case 'bytes':
    case 'fixed':
      return Buffer.from(value as Uint8Array)
    case 'array':
      return (value as AvroValue[]).map((item) => toOracle(schema.items, item))
    case 'map':
      return Object.fromEntries([...(value as Map<string, AvroValue>)].map(([k, v]) => [k, toOracle(schema.values, v)]))
    case 'record': {
      const record = value as { [field: string]: AvroValue }
      return Object.fromEntries(schema.fields.map((f) => [f.name, toOracle(f.schema, record[f.name] ?? null)]))
    }
    case 'union': {
      const option = optionOf(schema)
      if (option !== undefined) return value === null ? null : wrap(option.schema, value)
      const chosen = value as AvroUnionValue
      const branch = schema.branches[chosen.branch]
      return branch === undefined || branch.kind === 'null' ? null : wrap(branch, chosen.value)
    }
    case 'null':
    case 'boolean':
    case 'int':
    case 'long':
    case 'float':
    case 'double':
    case 'string':
    case 'enum':
      return value
  }
}

function wrap(branch: AvroSchema, value: AvroValue): unknown {
  const name = 'name' in branch ? branch.name : branch.kind
  return { [name]: toOracle(branch, value) }
}

/** What avsc reads from a container file. */
export async function oracleReadFile(bytes: Uint8Array): Promise<{
  readonly metadata: { readonly [key: string]: Buffer }
  readonly values: readonly unknown[]
}> {
  const values: unknown[] = []
  let metadata: { readonly [key: string]: Buffer } = {}
  const decoder = new avsc.streams.BlockDecoder({
    codecs: {
      ...avsc.streams.BlockDecoder.defaultCodecs(),
      zstandard: (block, done) => done(null, zstdDecompressSync(block)),
    },
    parseHook: (schema: unknown) => oracleType(JSON.stringify(schema)),
  } as ConstructorParameters<typeof avsc.streams.BlockDecoder>[0])
  decoder.on('metadata', (_type: unknown, _codec: unknown, header: { meta: { [key: string]: Buffer } }) => {
    metadata = header.meta
  })
  decoder.on('data', (value: unknown) => values.push(value))
  decoder.end(Buffer.from(bytes))
  await once(decoder, 'end')
  return { metadata, values }
}

/** A container file as avsc writes it. */
export async function oracleWriteFile(
  schemaText: string,
  values: readonly unknown[],
  options: {
    readonly codec: string
    readonly blockSize?: number
    readonly metadata?: { readonly [key: string]: Buffer }
  },
): Promise<Uint8Array> {
  const sync = Buffer.from('sixteen bytes ok')
  const encoder = new avsc.streams.BlockEncoder(oracleType(schemaText), {
    codec: options.codec,
    blockSize: options.blockSize ?? 1 << 16,
    syncMarker: sync,
    // Its own header would lack the attributes that Avro does not know, field ids among them.
    writeHeader: 'never',
    codecs: {
      ...avsc.streams.BlockEncoder.defaultCodecs(),
      zstandard: (block, done) => done(null, zstdCompressSync(block)),
      snappy: (block, done) => done(null, snappyBlock(block)),
    },
  } as ConstructorParameters<typeof avsc.streams.BlockEncoder>[1])
  const meta = { 'avro.schema': Buffer.from(schemaText), 'avro.codec': Buffer.from(options.codec), ...options.metadata }
  const chunks: Buffer[] = [HEADER.toBuffer({ magic: Buffer.from('Obj\x01'), meta, sync })]
  encoder.on('data', (chunk: Buffer) => chunks.push(chunk))
  for (const value of values) encoder.write(value)
  encoder.end()
  await once(encoder, 'end')
  return Buffer.concat(chunks)
}

const HEADER = avsc.Type.forSchema({
  type: 'record',
  name: 'org.apache.avro.file.Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: 16 } },
  ],
})

export function snappyBlock(block: Uint8Array): Buffer {
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(block))
  return Buffer.concat([snappyCompress(block), checksum])
}
