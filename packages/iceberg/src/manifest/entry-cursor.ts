import { ByteCursor } from '@moraine/avro/byte-cursor'
import type { ByteSink } from '@moraine/avro/byte-sink'
import type { AvroBlock, AvroContainer } from '@moraine/avro/container-reader'
import { MoraineError } from '@moraine/stdx/error'
import type { SnapshotId } from '../metadata/snapshot.ts'
import type { PartitionTuple } from '../partition/partition-spec.ts'
import type { FileContent, FileFormat, FileMetrics } from './content-file.ts'
import type { EntryPlan } from './entry-plan.ts'
import { ENTRY } from './field-id.ts'
import { decodeMetrics } from './file-metrics.ts'
import type { ManifestEntry } from './manifest-entry.ts'
import type { ManifestFile } from './manifest-file.ts'
import { encodeOptionalBigLong } from './optional-encoding.ts'
import { pathHash } from './path-hash.ts'

/**
 * Walks over a manifest's entries, all inheritance resolved. The properties are those of the entry that the last call of
 * `next` came to; whatever needs an object of its own (text, tuples, lists, metrics) is made by a method when asked for.
 *
 *     while (cursor.next()) rows += cursor.recordCount
 *
 * Every method throws `corrupt` where the manifest is damaged, naming the entry and the field.
 */
export class EntryCursor {
  /** The entry's position in the manifest, from 0. */
  ordinal = -1
  status: ManifestEntry['status'] = 'existing'
  snapshotId: SnapshotId
  dataSequenceNumber = 0
  fileSequenceNumber = 0
  content: FileContent = 'data'
  fileFormat: FileFormat = 'parquet'
  recordCount = 0
  fileSizeBytes = 0
  sortOrderId: number | undefined
  firstRowId: bigint | undefined
  contentOffset: number | undefined
  contentSizeBytes: number | undefined
  /** Where the entry's block starts in the file, and where the entry starts in the block: the way back to it. */
  blockOffset = -1
  entryOffset = -1
  /** Counts the runs of entries that have one partition in a row, from 1. */
  partitionRun = 0

  readonly specId: number
  /** Two cursors and writers of one layout encode their files alike. */
  readonly layout: string

  readonly #what: string
  readonly #blocks: Iterator<AvroBlock>
  readonly #plan: EntryPlan
  readonly #manifest: ManifestFile
  #bytes: ByteCursor
  #left = 0
  #entryEnd = 0
  #nextRowId: bigint | undefined
  #statedRowId: bigint | undefined

  // Where parts of the entry lie in its block; -1 where it has none.
  #dataFileStart = -1
  #dataFileEnd = -1
  #pathStart = -1
  #partitionStart = -1
  #partitionEnd = -1
  #keyMetadataStart = -1
  #splitOffsetsStart = -1
  #equalityIdsStart = -1
  #referencedStart = -1

  // The format and partition met last: as they are encoded, the partition also decoded if it was asked for.
  #formatBytes: Buffer | undefined
  #tupleBytes: Buffer | undefined
  #tuple: PartitionTuple | undefined

  constructor(container: AvroContainer, plan: EntryPlan, manifest: ManifestFile) {
    this.specId = manifest.partitionSpecId
    this.layout = plan.dataFileLayout
    this.#what = container.what
    this.#blocks = container.blocks()[Symbol.iterator]()
    this.#plan = plan
    this.#manifest = manifest
    this.#nextRowId = manifest.content === 'data' ? manifest.firstRowId : undefined
    this.snapshotId = manifest.addedSnapshotId
    this.#bytes = new ByteCursor(Buffer.alloc(0), this.#what)
  }

  /** Moves to the next entry; false after the last. */
  next(): boolean {
    for (;;) {
      if (this.nextInBlock()) return true
      const block = this.#blocks.next()
      if (block.done === true) return false
      this.enterBlock(block.value)
    }
  }

  /** Goes to a block of the manifest, before its first entry: for callers that read the blocks themselves. */
  enterBlock({ count, bytes, offset }: AvroBlock): void {
    this.#bytes = new ByteCursor(bytes, this.#what)
    this.#bytes.checkCount(count, this.#plan.entryBytesMin)
    this.#left = count
    this.#entryEnd = 0
    this.blockOffset = offset
  }

  /** Like {@link next}, but false after the last entry of the block. */
  nextInBlock(): boolean {
    if (this.#left === 0) return false
    const bytes = this.#bytes
    this.#left -= 1
    this.ordinal += 1
    bytes.ordinal = this.ordinal
    this.entryOffset = this.#entryEnd
    bytes.position = this.#entryEnd
    this.#readEntry(bytes)
    this.#entryEnd = bytes.position
    if (this.#left === 0 && this.#entryEnd !== bytes.end) bytes.fail('bytes are left after the last entry of a block')
    return true
  }

  /**
   * Moves to an entry of the block that was met before, by its {@link entryOffset}, without reading what lies between.
   * `firstRowId` is the entry's, which it may have inherited by way of those before it.
   */
  moveTo(entryOffset: number, firstRowId: bigint | undefined): void {
    this.#left = 0
    this.ordinal = -1
    this.#nextRowId = firstRowId
    this.entryOffset = entryOffset
    this.#bytes.position = entryOffset
    this.#readEntry(this.#bytes)
  }

  filePath(): string {
    return this.#textAt(this.#pathStart)
  }

  /** The path's UTF-8 bytes, a view that holds as long as the entry is the current one. */
  filePathBytes(): Uint8Array {
    return this.#at(this.#pathStart).readBytes()
  }

  /** Of {@link pathHash}. */
  filePathHash(): number {
    const cursor = this.#at(this.#pathStart)
    const length = cursor.readLength()
    return pathHash(cursor.bytes, cursor.position, cursor.position + length)
  }

  /** The same object for entries in a row that have the same partition. */
  partition(): PartitionTuple {
    if (this.#tuple === undefined) this.#tuple = this.#plan.decodePartition(this.#at(this.#partitionStart))
    return this.#tuple
  }

  /** The tuple as it is encoded, a character for each byte: equal texts in one manifest are equal partitions. */
  encodedPartition(): string {
    return this.#bytes.bytes.toString('latin1', this.#partitionStart, this.#partitionEnd)
  }

  get isEncrypted(): boolean {
    return this.#keyMetadataStart >= 0
  }

  keyMetadata(): Uint8Array | undefined {
    return this.#keyMetadataStart < 0 ? undefined : this.#at(this.#keyMetadataStart).readBytes().slice()
  }

  splitOffsets(): readonly number[] | undefined {
    return this.#splitOffsetsStart < 0 ? undefined : readNumbers(this.#at(this.#splitOffsetsStart))
  }

  equalityIds(): readonly number[] | undefined {
    return this.#equalityIdsStart < 0 ? undefined : readNumbers(this.#at(this.#equalityIdsStart))
  }

  referencedDataFile(): string | undefined {
    return this.#referencedStart < 0 ? undefined : this.#textAt(this.#referencedStart)
  }

  metrics(): FileMetrics {
    return decodeMetrics(this.#at(this.#dataFileStart), this.#plan.dataFileSteps)
  }

  /** A function that decodes the metrics later; it keeps the block (about 64 KB) alive, and nothing else. */
  deferredMetrics(): () => FileMetrics {
    const { bytes } = this.#bytes
    const what = this.#what
    const steps = this.#plan.dataFileSteps
    const { ordinal } = this
    const start = this.#dataFileStart
    return () => {
      const cursor = new ByteCursor(bytes, what)
      cursor.ordinal = ordinal
      cursor.position = start
      return decodeMetrics(cursor, steps)
    }
  }

  /** Appends the `data_file` record as it is encoded, but for a first row id that the entry inherits. */
  copyDataFile(sink: ByteSink): void {
    const { bytes } = this.#bytes
    if (this.firstRowId === this.#statedRowId) {
      sink.writeFixed(bytes.subarray(this.#dataFileStart, this.#dataFileEnd))
      return
    }
    const cursor = this.#at(this.#dataFileStart)
    for (const step of this.#plan.dataFileSteps) {
      const start = cursor.position
      if (step.nullBranch < 0 || cursor.readBranch(2) !== step.nullBranch) step.skip(cursor)
      if (step.action === ENTRY.firstRowId) encodeOptionalBigLong(sink, this.firstRowId)
      else sink.writeFixed(bytes.subarray(start, cursor.position))
    }
  }

  #readEntry(bytes: ByteCursor): void {
    let status = -1
    let snapshotId: bigint | undefined
    let dataSequenceNumber = -1
    let fileSequenceNumber = -1
    for (const step of this.#plan.steps) {
      bytes.field = step.name
      if (step.nullBranch >= 0 && bytes.readBranch(2) === step.nullBranch) continue
      switch (step.action) {
        case ENTRY.status:
          status = bytes.readInt()
          break
        case ENTRY.snapshotId:
          snapshotId = bytes.readBigLong()
          break
        case ENTRY.dataSequenceNumber:
          dataSequenceNumber = readCount(bytes)
          break
        case ENTRY.fileSequenceNumber:
          fileSequenceNumber = readCount(bytes)
          break
        case ENTRY.dataFile:
          this.#readFile(bytes)
          break
        default:
          step.skip(bytes)
      }
    }
    bytes.field = ''
    this.status = STATUSES[status] ?? bytes.fail(`there is no entry status ${status}`)
    if ((this.content === 'data') !== (this.#manifest.content === 'data')) {
      bytes.fail(`a manifest of ${this.#manifest.content} lists a file of ${this.content}`)
    }
    this.#inherit(snapshotId, dataSequenceNumber, fileSequenceNumber)
  }

  #readFile(bytes: ByteCursor): void {
    let content = 0
    this.sortOrderId = undefined
    this.firstRowId = undefined
    this.contentOffset = undefined
    this.contentSizeBytes = undefined
    this.#keyMetadataStart = -1
    this.#splitOffsetsStart = -1
    this.#equalityIdsStart = -1
    this.#referencedStart = -1
    this.#dataFileStart = bytes.position
    for (const step of this.#plan.dataFileSteps) {
      bytes.field = step.name
      if (step.nullBranch >= 0 && bytes.readBranch(2) === step.nullBranch) continue
      switch (step.action) {
        case ENTRY.content:
          content = bytes.readInt()
          break
        case ENTRY.filePath:
          this.#pathStart = bytes.position
          bytes.skipBytes()
          break
        case ENTRY.fileFormat:
          this.#passFormat(bytes)
          break
        case ENTRY.partition:
          this.#passPartition(bytes, step.skip)
          break
        case ENTRY.recordCount:
          this.recordCount = readCount(bytes)
          break
        case ENTRY.fileSizeBytes:
          this.fileSizeBytes = readCount(bytes)
          break
        case ENTRY.keyMetadata:
          this.#keyMetadataStart = bytes.position
          bytes.skipBytes()
          break
        case ENTRY.splitOffsets:
          this.#splitOffsetsStart = bytes.position
          step.skip(bytes)
          break
        case ENTRY.equalityIds:
          this.#equalityIdsStart = bytes.position
          step.skip(bytes)
          break
        case ENTRY.sortOrderId:
          this.sortOrderId = bytes.readInt()
          break
        case ENTRY.firstRowId:
          this.firstRowId = bytes.readBigLong()
          break
        case ENTRY.referencedDataFile:
          this.#referencedStart = bytes.position
          bytes.skipBytes()
          break
        case ENTRY.contentOffset:
          this.contentOffset = readCount(bytes)
          break
        case ENTRY.contentSizeBytes:
          this.contentSizeBytes = readCount(bytes)
          break
        default:
          step.skip(bytes)
      }
    }
    this.#dataFileEnd = bytes.position
    this.content = CONTENTS[content] ?? bytes.fail(`there is no file content ${content}`)
  }

  /** Table spec, "Sequence Number Inheritance" and "First Row ID Inheritance". */
  #inherit(snapshotId: bigint | undefined, dataSequenceNumber: number, fileSequenceNumber: number): void {
    const { sequenceNumber, addedSnapshotId } = this.#manifest
    this.snapshotId = snapshotId === undefined ? addedSnapshotId : (snapshotId as SnapshotId)
    const isInherited = this.status === 'added' || sequenceNumber === 0
    this.dataSequenceNumber = dataSequenceNumber
    if (dataSequenceNumber < 0) this.dataSequenceNumber = isInherited ? sequenceNumber : this.#withoutSequenceNumber()
    this.fileSequenceNumber = fileSequenceNumber
    // Writers of early v2 tables did not keep it: the data sequence number is the least that it can be.
    if (fileSequenceNumber < 0) this.fileSequenceNumber = isInherited ? sequenceNumber : this.dataSequenceNumber

    this.#statedRowId = this.firstRowId
    if (this.#nextRowId === undefined) {
      this.firstRowId = undefined
    } else if (this.firstRowId === undefined && this.status !== 'deleted') {
      this.firstRowId = this.#nextRowId
      this.#nextRowId += BigInt(this.recordCount)
    }
  }

  #withoutSequenceNumber(): number {
    // In a v1 manifest every file has 0; entries of deleted files are for information, and early v2 writers left it out.
    if (!this.#plan.hasSequenceNumbers) return 0
    if (this.status === 'deleted') return this.#manifest.sequenceNumber
    return this.#bytes.fail('an existing file has no data sequence number')
  }

  /** Files of one partition often follow one another: then the tuple is neither skipped nor decoded field by field. */
  #passPartition(bytes: ByteCursor, skip: (cursor: ByteCursor) => void): void {
    const start = bytes.position
    this.#partitionStart = start
    if (this.#tupleBytes !== undefined && startsWith(bytes.bytes, start, this.#tupleBytes)) {
      bytes.position = start + this.#tupleBytes.length
    } else {
      skip(bytes)
      this.partitionRun += 1
      this.#tuple = undefined
      this.#tupleBytes = bytes.bytes.subarray(start, bytes.position)
    }
    this.#partitionEnd = bytes.position
  }

  #passFormat(bytes: ByteCursor): void {
    const start = bytes.position
    if (this.#formatBytes !== undefined && startsWith(bytes.bytes, start, this.#formatBytes)) {
      bytes.position = start + this.#formatBytes.length
    } else {
      this.fileFormat = readFormat(bytes, this.#what)
      this.#formatBytes = bytes.bytes.subarray(start, bytes.position)
    }
  }

  #textAt(start: number): string {
    return this.#at(start).readString()
  }

  #at(position: number): ByteCursor {
    this.#bytes.position = position
    this.#bytes.field = ''
    return this.#bytes
  }
}

const STATUSES: readonly ManifestEntry['status'][] = ['existing', 'added', 'deleted']
const CONTENTS: readonly FileContent[] = ['data', 'position-deletes', 'equality-deletes']

function startsWith(bytes: Buffer, start: number, prefix: Buffer): boolean {
  for (let at = 0; at < prefix.length; at += 1) if (bytes[start + at] !== prefix[at]) return false
  return true
}

function readCount(bytes: ByteCursor): number {
  const count = bytes.readLong()
  if (count < 0) bytes.fail(`${count} is negative`)
  return count
}

function readNumbers(bytes: ByteCursor): readonly number[] {
  const numbers: number[] = []
  for (let left = bytes.readItemCount(1); left > 0; left = bytes.readItemCount(1)) {
    for (let index = 0; index < left; index += 1) numbers.push(bytes.readLong())
  }
  return numbers
}

function readFormat(bytes: ByteCursor, what: string): FileFormat {
  const text = bytes.readString()
  switch (text.length < 8 ? text.toLowerCase() : '') {
    case 'parquet':
      return 'parquet'
    case 'orc':
      return 'orc'
    case 'avro':
      return 'avro'
    case 'puffin':
      return 'puffin'
    default:
      throw new MoraineError('unsupported', `${what} lists a file of the unknown format "${text.slice(0, 40)}"`)
  }
}
