import { MoraineError } from '@moraine/stdx/error'
import { type AvroSchema, parseAvroSchema } from './avro-schema.ts'
import { type AvroCodec, decompressBlock, parseAvroCodec } from './block-codec.ts'
import { ByteCursor } from './byte-cursor.ts'

/** An object container file (Avro specification, "Object Container Files"), its header read. */
export type AvroContainer = {
  /** Names the file in errors. */
  readonly what: string
  readonly schema: AvroSchema
  /** The schema as the file has it. */
  readonly schemaText: string
  /** All entries of the header, `avro.schema` and `avro.codec` included. */
  readonly metadata: ReadonlyMap<string, Uint8Array>
  readonly codec: AvroCodec
  /** The blocks in order, each decompressed when it is reached. May be called again. */
  blocks(): Iterable<AvroBlock>
  /** The block that starts at an offset; for readers that remember {@link AvroBlock.offset}. */
  blockAt(offset: number): AvroBlock
}

export type AvroBlock = {
  /** How many values the block holds, one after another. */
  readonly count: number
  readonly bytes: Uint8Array
  /** Where the block starts in the file. */
  readonly offset: number
}

/**
 * Reads the header of a whole container file; `what` names the file in errors.
 *
 * @throws {MoraineError} `corrupt` if the file is damaged, here or while blocks are read; `unsupported` for a codec
 *   that is not read.
 */
export function openContainer(bytes: Uint8Array, what: string): AvroContainer {
  const cursor = new ByteCursor(bytes, what)
  cursor.field = 'header'
  if (bytes.length < MAGIC.length || !MAGIC.equals(cursor.readFixed(MAGIC.length))) {
    throw new MoraineError('corrupt', `${what} is no Avro file: it does not start with "Obj" and version 1`)
  }
  const metadata = readMetadata(cursor)
  const schemaBytes = metadata.get('avro.schema')
  if (schemaBytes === undefined) throw new MoraineError('corrupt', `${what} is damaged: its header has no schema`)
  const schemaText = Buffer.from(schemaBytes).toString('utf8')
  const codec = parseAvroCodec(Buffer.from(metadata.get('avro.codec') ?? NULL_CODEC).toString('utf8'), what)
  const sync = Buffer.from(cursor.readFixed(SYNC_BYTES))
  const start = cursor.position
  return {
    what,
    schema: parseAvroSchema(schemaText, what),
    schemaText,
    metadata,
    codec,
    blocks: () => readBlocks(blockCursor(bytes, start, what), sync, codec, what),
    blockAt: (offset) => readBlock(blockCursor(bytes, offset, what), sync, codec, what),
  }
}

export const SYNC_BYTES = 16
export const MAGIC = Buffer.from('Obj\x01', 'latin1')
const NULL_CODEC = Buffer.from('null')

function readMetadata(cursor: ByteCursor): ReadonlyMap<string, Uint8Array> {
  const metadata = new Map<string, Uint8Array>()
  for (;;) {
    const count = cursor.readItemCount(2)
    if (count === 0) return metadata
    for (let index = 0; index < count; index += 1) {
      const key = cursor.readString()
      metadata.set(key, cursor.readBytes())
    }
  }
}

function blockCursor(bytes: Uint8Array, start: number, what: string): ByteCursor {
  const cursor = new ByteCursor(bytes, what)
  cursor.field = 'block header'
  cursor.position = start
  return cursor
}

function* readBlocks(
  cursor: ByteCursor,
  sync: Buffer,
  codec: AvroCodec,
  what: string,
): Generator<AvroBlock, void, undefined> {
  while (cursor.position < cursor.end) yield readBlock(cursor, sync, codec, what)
}

function readBlock(cursor: ByteCursor, sync: Buffer, codec: AvroCodec, what: string): AvroBlock {
  const offset = cursor.position
  const count = cursor.readLong()
  if (count < 0) cursor.fail(`a block claims ${count} values`)
  const compressed = cursor.readBytes()
  if (!sync.equals(cursor.readFixed(SYNC_BYTES))) cursor.fail('the marker that ends a block is missing')
  return { count, bytes: decompressBlock(compressed, codec, what), offset }
}
