import type { AvroCompression } from '@moraine/avro/block-codec'
import { must } from '@moraine/stdx/assert'
import { formatExactJson } from '@moraine/stdx/exact-json'
import type { FileIO } from '@moraine/storage/file-io'
import type { ContentFile } from '../manifest/content-file.ts'
import type { EntryCursor } from '../manifest/entry-cursor.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import type { ManifestFile } from '../manifest/manifest-file.ts'
import { writeManifestList } from '../manifest/manifest-list-writer.ts'
import { ManifestWriter } from '../manifest/manifest-writer.ts'
import { assignFirstRowIds, assignSequenceNumber } from '../manifest/staged-manifest.ts'
import type { SnapshotId } from '../metadata/snapshot.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import { encodePartitionFields } from '../partition/partition-spec-json.ts'
import { tablePartitionFieldTypes } from '../partition/partition-type.ts'
import { encodeSchema } from '../schema/schema-json.ts'
import { manifestCompression } from './manifest-compression.ts'
import { manifestPolicy } from './manifest-policy.ts'

export type ManifestOutputContext = {
  readonly io: FileIO
  readonly attempt: number
  readonly signal?: AbortSignal
}

/**
 * Writes the manifests of one commit: added files and files carried over from older manifests go to manifests of their
 * own, one row of manifests per content and spec, each closed near the table's target size.
 */
export class ManifestOutput {
  readonly #metadata: TableMetadata
  readonly #snapshotId: SnapshotId
  readonly #commitId: string
  readonly #context: ManifestOutputContext
  readonly #targetSizeBytes: number
  readonly #compression: AvroCompression
  readonly #schemaJson: string
  readonly #open = new Map<string, ManifestWriter>()
  readonly #closed: ManifestFile[] = []
  readonly #written: string[] = []

  constructor(metadata: TableMetadata, snapshotId: SnapshotId, commitId: string, context: ManifestOutputContext) {
    this.#metadata = metadata
    this.#snapshotId = snapshotId
    this.#commitId = commitId
    this.#context = context
    this.#targetSizeBytes = manifestPolicy(metadata).targetSizeBytes
    this.#compression = manifestCompression(metadata)
    const schema = metadata.schemas.find((each) => each.schemaId === metadata.currentSchemaId)
    this.#schemaJson = formatExactJson(encodeSchema(must(schema, 'current schema')))
  }

  /** Everything this commit has written so far, to be removed if it does not land. */
  get writtenFiles(): readonly string[] {
    return this.#written
  }

  async add(file: ContentFile, dataSequenceNumber: number | undefined): Promise<void> {
    const [key, writer] = this.#writerFor('added', file)
    writer.add(file, dataSequenceNumber)
    await this.#roll(key, writer)
  }

  /** A file that the commit removes. */
  async markDeleted(entry: ManifestEntry): Promise<void> {
    const [key, writer] = this.#writerFor('carried', entry.file)
    writer.addDeleted(entry)
    await this.#roll(key, writer)
  }

  /** The live entry that a cursor stands on, unchanged: its bytes are copied where they can be. */
  async copyOver(cursor: EntryCursor): Promise<void> {
    const [key, writer] = this.#writerFor('carried', cursor)
    writer.copyExisting(cursor)
    await this.#roll(key, writer)
  }

  /** Closes all manifests and returns their lines, with the sequence number that the commit will have. */
  async finish(): Promise<readonly ManifestFile[]> {
    for (const [key, writer] of this.#open) await this.#close(key, writer)
    return this.#closed
  }

  /** Writes the manifest list; `addedRows` is how many row ids it assigned (v3). */
  async writeList(
    manifests: readonly ManifestFile[],
    parentSnapshotId: SnapshotId | undefined,
  ): Promise<{ readonly location: string; readonly addedRows: bigint }> {
    const { formatVersion, nextRowId } = this.#metadata
    const assigned = formatVersion >= 3 ? assignFirstRowIds(manifests, nextRowId) : { manifests, nextRowId }
    const location = `${this.#directory}/snap-${this.#snapshotId}-${this.#context.attempt}-${this.#commitId}.avro`
    const bytes = writeManifestList({
      manifests: assigned.manifests,
      formatVersion,
      snapshotId: this.#snapshotId,
      ...(parentSnapshotId !== undefined && { parentSnapshotId }),
      sequenceNumber: this.#sequenceNumber,
      firstRowId: nextRowId,
    })
    await this.#store(location, bytes)
    return { location, addedRows: assigned.nextRowId - nextRowId }
  }

  get #sequenceNumber(): number {
    return this.#metadata.formatVersion === 1 ? 0 : this.#metadata.lastSequenceNumber + 1
  }

  get #directory(): string {
    return (this.#metadata.properties['write.metadata.path'] ?? `${this.#metadata.location}/metadata`).replace(
      /\/+$/,
      '',
    )
  }

  #writerFor(
    row: 'added' | 'carried',
    file: Pick<ContentFile, 'content' | 'specId'>,
  ): readonly [string, ManifestWriter] {
    const content = file.content === 'data' ? 'data' : 'deletes'
    const key = `${row} ${content} ${file.specId}`
    const open = this.#open.get(key)
    if (open !== undefined) return [key, open]
    const { partitionSpecs, formatVersion, currentSchemaId } = this.#metadata
    const spec = must(
      partitionSpecs.find((each) => each.specId === file.specId),
      `partition spec ${file.specId}`,
    )
    const writer = new ManifestWriter({
      manifestPath: `${this.#directory}/${this.#commitId}-m${this.#written.length + this.#open.size}.avro`,
      formatVersion,
      content,
      spec,
      partitionTypes: tablePartitionFieldTypes(spec, this.#metadata),
      schemaJson: this.#schemaJson,
      schemaId: currentSchemaId,
      partitionFieldsJson: formatExactJson(encodePartitionFields(spec.fields)),
      snapshotId: this.#snapshotId,
      compression: this.#compression,
    })
    this.#open.set(key, writer)
    return [key, writer]
  }

  async #roll(key: string, writer: ManifestWriter): Promise<void> {
    if (writer.length >= this.#targetSizeBytes) await this.#close(key, writer)
  }

  async #close(key: string, writer: ManifestWriter): Promise<void> {
    this.#open.delete(key)
    const { bytes, manifest } = writer.finish()
    await this.#store(manifest.manifestPath, bytes)
    this.#closed.push(assignSequenceNumber(manifest, this.#sequenceNumber))
  }

  async #store(location: string, bytes: Uint8Array): Promise<void> {
    // Listed before it is written: a write that fails may have left something.
    this.#written.push(location)
    await this.#context.io.write(location, bytes, {}, this.#context.signal)
  }
}
