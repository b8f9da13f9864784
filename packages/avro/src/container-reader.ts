import { isKind, MoraineError } from '@moraine/stdx/error'
import { weighedCache } from '@moraine/stdx/weighed-cache'
import { type AvroSchema, parseAvroSchema } from './avro-schema.ts'
import {
  type AvroCodec,
  BLOCK_BYTES_MAX,
  decompressBlock,
  decompressBlockLater,
  parseAvroCodec,
} from './block-codec.ts'
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
  /**
   * The same, decompressed ahead on other threads while the caller works on the block before. Given `offsets` (see
   * {@link AvroBlock.offset}), just the blocks that start there, in that order.
   */
  blocksAhead(offsets?: Iterable<number>): AsyncIterable<AvroBlock>
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
  if (bytes.length < AVRO_MAGIC.length || !AVRO_MAGIC.equals(cursor.readFixed(AVRO_MAGIC.length))) {
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
    schema: knownSchema(schemaText, what),
    schemaText,
    metadata,
    codec,
    blocks: () => decompressed(rawBlocks(bytes, start, sync, what), codec, what),
    blocksAhead: (offsets) =>
      decompressedAhead(
        offsets === undefined ? rawBlocks(bytes, start, sync, what) : rawBlocksAt(bytes, offsets, sync, what),
        codec,
        what,
      ),
  }
}

// The files of a table have a few schemas among them, and those of many small tables the same: parsed once.
const SCHEMAS = weighedCache<{ readonly schema: AvroSchema; readonly length: number }>(1 << 20, ({ length }) => length)

function knownSchema(text: string, what: string): AvroSchema {
  const known = SCHEMAS.find(text)
  if (known !== undefined) return known.schema
  const schema = parseAvroSchema(text, what)
  SCHEMAS.keep(text, { schema, length: text.length })
  return schema
}

export const SYNC_BYTES = 16
export const AVRO_MAGIC = Buffer.from('Obj\x01', 'latin1')
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

/** A block as it is stored. */
type RawBlock = { readonly count: number; readonly compressed: Uint8Array; readonly offset: number }

function* rawBlocks(bytes: Uint8Array, start: number, sync: Buffer, what: string): Generator<RawBlock> {
  const cursor = blockCursor(bytes, start, what)
  while (cursor.position < cursor.end) yield readRawBlock(cursor, sync)
}

function* rawBlocksAt(bytes: Uint8Array, offsets: Iterable<number>, sync: Buffer, what: string): Generator<RawBlock> {
  for (const offset of offsets) yield readRawBlock(blockCursor(bytes, offset, what), sync)
}

function blockCursor(bytes: Uint8Array, start: number, what: string): ByteCursor {
  const cursor = new ByteCursor(bytes, what)
  cursor.field = 'block header'
  cursor.position = start
  return cursor
}

function readRawBlock(cursor: ByteCursor, sync: Buffer): RawBlock {
  const offset = cursor.position
  const count = cursor.readLong()
  if (count < 0) cursor.fail(`a block claims ${count} values`)
  const compressed = cursor.readBytes()
  if (!sync.equals(cursor.readFixed(SYNC_BYTES))) cursor.fail('the marker that ends a block is missing')
  return { count, compressed, offset }
}

function* decompressed(blocks: Iterable<RawBlock>, codec: AvroCodec, what: string): Generator<AvroBlock> {
  for (const { count, compressed, offset } of blocks) {
    yield { count, bytes: decompressBlock(compressed, codec, what), offset }
  }
}

async function* decompressedAhead(
  blocks: Iterable<RawBlock>,
  codec: AvroCodec,
  what: string,
): AsyncGenerator<AvroBlock, void, undefined> {
  const raw = blocks[Symbol.iterator]()
  const ahead: Promise<AvroBlock | RawBlock>[] = []
  const fill = () => {
    while (ahead.length < BLOCKS_AHEAD) {
      const next = raw.next()
      if (next.done === true) return
      const block = orLater(next.value, decompressLater(next.value, codec, what, AHEAD_BYTES_MAX))
      // A caller that stops early never awaits it.
      block.catch(() => {})
      ahead.push(block)
    }
  }
  for (fill(); ahead.length > 0; fill()) {
    const block = await ahead.shift()
    if (block === undefined) continue
    yield 'bytes' in block ? block : await decompressLater(block, codec, what, BLOCK_BYTES_MAX)
  }
}

// Enough to keep the other core busy while a block is worked on; blocks are some 64 KB.
const BLOCKS_AHEAD = 8

// Of one. A small file may unpack to blocks that memory does not hold eight of: such are unpacked when they are reached.
const AHEAD_BYTES_MAX = 4 << 20

/** The block, or as it is stored where it is too large to be had ahead. */
async function orLater(raw: RawBlock, block: Promise<AvroBlock>): Promise<AvroBlock | RawBlock> {
  try {
    return await block
  } catch (error) {
    if (isKind(error, 'unsupported')) return raw
    throw error
  }
}

async function decompressLater(
  { count, compressed, offset }: RawBlock,
  codec: AvroCodec,
  what: string,
  bytesMax: number,
): Promise<AvroBlock> {
  return { count, bytes: await decompressBlockLater(compressed, codec, what, bytesMax), offset }
}
