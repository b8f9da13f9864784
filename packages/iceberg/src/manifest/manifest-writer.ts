import { parseAvroSchema } from '@moraine/avro/avro-schema'
import type { AvroCompression } from '@moraine/avro/block-codec'
import type { ByteSink } from '@moraine/avro/byte-sink'
import { ContainerWriter } from '@moraine/avro/container-writer'
import { assert } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import type { SnapshotId } from '../metadata/snapshot.ts'
import type { FormatVersion } from '../metadata/table-metadata.ts'
import type { PartitionSpec } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import type { ContentFile, FileContent } from './content-file.ts'
import { compileDataFileEncoder, type DataFileEncoder } from './data-file-encoder.ts'
import type { EntryCursor } from './entry-cursor.ts'
import { planEntries } from './entry-plan.ts'
import { entrySchemaText } from './entry-schema.ts'
import type { ManifestEntry } from './manifest-entry.ts'
import type { ManifestFile } from './manifest-file.ts'
import { entryAt } from './manifest-reader.ts'
import { encodeOptionalLong } from './optional-encoding.ts'
import { PartitionSummary } from './partition-summary.ts'
import type { StagedManifest } from './staged-manifest.ts'

export type ManifestWriterOptions = {
  /** Where the bytes will be stored. */
  readonly manifestPath: string
  readonly formatVersion: FormatVersion
  readonly content: ManifestFile['content']
  readonly spec: PartitionSpec
  /** Of `partitionFieldTypes`, for that spec. */
  readonly partitionTypes: readonly PrimitiveType[]
  /** The table's schema as JSON text, and its id. */
  readonly schemaJson: string
  readonly schemaId: number
  /** The list of the spec's fields alone, as JSON text. */
  readonly partitionFieldsJson: string
  /** The snapshot in preparation: it adds what is added and deletes what is deleted. */
  readonly snapshotId: SnapshotId
  readonly compression?: AvroCompression
}

export type WrittenManifest = { readonly bytes: Uint8Array; readonly manifest: StagedManifest }

type Status = ManifestEntry['status']
const STATUS_CODE = { existing: 0, added: 1, deleted: 2 } as const satisfies Record<Status, number>

/**
 * Writes one manifest in memory (table spec, "Manifests"), with the schema and header of the reference implementation.
 * Every method throws `invalid-input` for a file that the manifest's format version, content or spec cannot express.
 */
export class ManifestWriter {
  readonly #options: ManifestWriterOptions
  readonly #container: ContainerWriter
  readonly #sink: ByteSink
  readonly #encodeFile: DataFileEncoder
  readonly #summary: PartitionSummary
  readonly #layout: string
  readonly #files: Record<Status, number> = { existing: 0, added: 0, deleted: 0 }
  readonly #rows: Record<Status, number> = { existing: 0, added: 0, deleted: 0 }
  #minSequenceNumber: number | undefined

  constructor(options: ManifestWriterOptions) {
    const { formatVersion, spec, partitionTypes, content, compression } = options
    if (formatVersion === 1 && content === 'deletes') {
      throw new MoraineError('invalid-input', 'tables of format version 1 have no delete manifests')
    }
    const schemaText = entrySchemaText(formatVersion, spec, partitionTypes)
    this.#options = options
    this.#container = new ContainerWriter({
      schemaText,
      metadata: header(options),
      ...(compression && { compression }),
    })
    this.#sink = this.#container.sink
    this.#encodeFile = compileDataFileEncoder(formatVersion, spec, partitionTypes)
    this.#summary = new PartitionSummary(partitionTypes)
    const schema = parseAvroSchema(schemaText, options.manifestPath)
    this.#layout = planEntries(schema, spec, partitionTypes, options.manifestPath).dataFileLayout
  }

  /** Bytes so far, the open block not yet compressed: for rolling to a new manifest at a target size. */
  get length(): number {
    return this.#container.length
  }

  get entryCount(): number {
    return this.#files.added + this.#files.existing + this.#files.deleted
  }

  /**
   * A file that this snapshot adds. Its sequence numbers are inherited at commit; give `dataSequenceNumber` for rows
   * that are older than this snapshot, as those of a rewrite are.
   */
  add(file: ContentFile, dataSequenceNumber?: number): void {
    this.#write('added', this.#options.snapshotId, dataSequenceNumber, undefined, file)
  }

  /** A live file of an earlier snapshot, unchanged. */
  addExisting(entry: ManifestEntry): void {
    assert(entry.status !== 'deleted', `${entry.file.filePath} is deleted and would come back`)
    this.#write('existing', entry.snapshotId, entry.dataSequenceNumber, entry.fileSequenceNumber, entry.file)
  }

  /** A file that this snapshot removes. */
  addDeleted(entry: ManifestEntry): void {
    const { snapshotId } = this.#options
    this.#write('deleted', snapshotId, entry.dataSequenceNumber, entry.fileSequenceNumber, entry.file)
  }

  /** The cursor's current entry as `addExisting`; where both files lay entries out alike, its bytes are copied. */
  copyExisting(cursor: EntryCursor): void {
    if (cursor.layout !== this.#layout || cursor.specId !== this.#options.spec.specId) {
      this.addExisting(entryAt(cursor))
      return
    }
    assert(cursor.status !== 'deleted', `${cursor.filePath()} is deleted and would come back`)
    this.#checkContent(cursor.content, 'an entry to copy')
    this.#writeStatus('existing', cursor.snapshotId, cursor.dataSequenceNumber, cursor.fileSequenceNumber)
    cursor.copyDataFile(this.#sink)
    this.#count('existing', cursor.partition(), cursor.recordCount, cursor.dataSequenceNumber)
  }

  finish(): WrittenManifest {
    const { manifestPath, content, spec, snapshotId } = this.#options
    const bytes = this.#container.finish()
    return {
      bytes,
      manifest: {
        manifestPath,
        manifestLength: bytes.length,
        partitionSpecId: spec.specId,
        content,
        addedSnapshotId: snapshotId,
        addedFilesCount: this.#files.added,
        existingFilesCount: this.#files.existing,
        deletedFilesCount: this.#files.deleted,
        addedRowsCount: this.#rows.added,
        existingRowsCount: this.#rows.existing,
        deletedRowsCount: this.#rows.deleted,
        partitions: this.#summary.toSummaries(),
        ...(this.#minSequenceNumber !== undefined && { minSequenceNumber: this.#minSequenceNumber }),
      },
    }
  }

  #write(
    status: Status,
    snapshotId: SnapshotId,
    dataSequenceNumber: number | undefined,
    fileSequenceNumber: number | undefined,
    file: ContentFile,
  ): void {
    this.#checkContent(file.content, file.filePath)
    const start = this.#sink.length
    try {
      this.#writeStatus(status, snapshotId, dataSequenceNumber, fileSequenceNumber)
      this.#encodeFile(file, this.#sink)
    } catch (error) {
      // Half an entry must not stay: the caller may go on without the file.
      this.#sink.truncate(start)
      throw error
    }
    this.#count(status, file.partition, file.recordCount, dataSequenceNumber)
  }

  #writeStatus(
    status: Status,
    snapshotId: SnapshotId,
    dataSequenceNumber: number | undefined,
    fileSequenceNumber: number | undefined,
  ): void {
    this.#sink.writeLong(STATUS_CODE[status])
    this.#sink.writeLong(1)
    this.#sink.writeBigLong(snapshotId)
    if (this.#options.formatVersion === 1) return
    encodeOptionalLong(this.#sink, dataSequenceNumber)
    encodeOptionalLong(this.#sink, fileSequenceNumber)
  }

  #checkContent(content: FileContent, what: string): void {
    if ((content === 'data') === (this.#options.content === 'data')) return
    throw new MoraineError(
      'invalid-input',
      `${what} holds ${content} and cannot be listed in a manifest of ${this.#options.content}`,
    )
  }

  #count(status: Status, partition: ContentFile['partition'], rows: number, sequenceNumber: number | undefined): void {
    this.#container.endValue()
    this.#files[status] += 1
    this.#rows[status] += rows
    this.#summary.add(partition)
    if (status === 'deleted' || sequenceNumber === undefined) return
    this.#minSequenceNumber = Math.min(this.#minSequenceNumber ?? sequenceNumber, sequenceNumber)
  }
}

function header(options: ManifestWriterOptions): readonly (readonly [string, string])[] {
  return [
    ['schema', options.schemaJson],
    ['schema-id', String(options.schemaId)],
    ['partition-spec', options.partitionFieldsJson],
    ['partition-spec-id', String(options.spec.specId)],
    ['format-version', String(options.formatVersion)],
    ...(options.formatVersion === 1 ? [] : ([['content', options.content]] as const)),
  ]
}
