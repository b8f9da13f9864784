import { encodeMetadataFile } from '@moraine/iceberg/metadata/metadata-file'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { tableProperty } from '@moraine/iceberg/metadata/table-properties'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { CommitOutcome, TableCommit } from '../catalog.ts'
import { noSuchTable } from '../catalog-error.ts'
import { applyOrRebase, orRemoveList } from '../metadata-file/apply-or-rebase.ts'
import { storableMetadataText } from '../metadata-file/metadata-text.ts'
import { obsoleteMetadataFiles } from '../metadata-file/obsolete-metadata.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { checksumFiles } from './checksum-file.ts'
import { claimVersion } from './claim-version.ts'
import { firstVersion, listVersions } from './find-version.ts'
import { checkCreatesOnly, type HadoopStore, loadCurrentVersion, type TableVersion } from './hadoop-store.ts'
import { versionFile } from './version-file.ts'

/**
 * Commits to the table at a location by making its next version. A table that does not exist may be created; an append that
 * was overtaken is rebased, where the table asks for that.
 */
export async function commitVersion(
  store: HadoopStore,
  identifier: TableIdentifier,
  tableLocation: string,
  commit: TableCommit,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const base = await loadCurrentVersion(store, tableLocation, signal)
  const table = base && { metadata: base.metadata, metadataLocation: base.file.location }
  const applied = await applyOrRebase({ ...store, boundsFiles: store.boundsFiles ?? false }, table, commit, signal)
  if (applied.kind === 'conflict') return applied
  if (applied.kind === 'missing') throw noSuchTable(identifier)
  const { metadata: next, manifestList } = applied
  if (table !== undefined && next === table.metadata) return { kind: 'committed', table: { identifier, ...table } }
  return orRemoveList(store, manifestList, () => makeVersion(store, identifier, tableLocation, { base, next }, signal))
}

/** As {@link commitVersion}, for metadata that is already what the next version is to hold. */
export async function makeVersion(
  store: HadoopStore,
  identifier: TableIdentifier,
  tableLocation: string,
  { base, next }: { readonly base: TableVersion | undefined; readonly next: TableMetadata },
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  checkCreatesOnly(store.io, tableLocation)
  checkStaysInPlace(base?.metadata, next)
  const codec = codecAfter(base?.metadata, next)
  const number = base === undefined ? await numberOfFirst(store, tableLocation, signal) : base.file.version + 1
  const file = versionFile(tableLocation, number, codec)
  const bytes = encodeMetadataFile(storableMetadataText(next), file.location)
  const { tableUuid, lastUpdatedMs } = next
  const claim = { base, file, bytes, tableUuid, lastUpdatedMs }
  const outcome = await claimVersion(store, tableLocation, claim, signal)
  if (outcome === 'theirs') {
    const reason = `another commit made version ${file.version} of ${formatIdentifier(identifier)}`
    return { kind: 'conflict', reason, raced: true }
  }
  if (outcome !== 'ours' && 'superseded' in outcome) {
    const reason = `version ${file.version} of ${formatIdentifier(identifier)} came too late: ${outcome.superseded}`
    return { kind: 'conflict', reason, raced: true }
  }
  if (outcome !== 'ours') return { kind: 'unknown', cause: outcome.unknown }
  if (base !== undefined) await removeObsolete(store, base.metadata, next)
  return { kind: 'committed', table: { identifier, metadata: next, metadataLocation: file.location } }
}

async function numberOfFirst({ io }: HadoopStore, tableLocation: string, signal?: AbortSignal): Promise<number> {
  return firstVersion((await listVersions(io, tableLocation, signal)).dropped)
}

function checkStaysInPlace(base: TableMetadata | undefined, next: TableMetadata): void {
  if (base !== undefined && base.location !== next.location) {
    throw new MoraineError('unsupported', `a table of a filesystem catalog cannot move from ${base.location}`)
  }
  if (tableProperty(next.properties, 'write.metadata.path') !== undefined) {
    throw new MoraineError(
      'unsupported',
      `a table of a filesystem catalog has its metadata at ${next.location}/metadata; remove the property write.metadata.path`,
    )
  }
}

/**
 * By the properties of the base, not the new ones, so that whoever starts from the same base creates the same file: a
 * change of the property counts from the commit after it.
 */
function codecAfter(base: TableMetadata | undefined, next: TableMetadata): 'none' | 'gzip' {
  const asked = tableProperty(next.properties, CODEC_PROPERTY)
  if (base === undefined) return asked
  try {
    return tableProperty(base.properties, CODEC_PROPERTY)
  } catch (error) {
    // Somebody set it to what nobody can write; this commit mends it.
    if (isKind(error, 'invalid-input')) return 'none'
    throw error
  }
}

const CODEC_PROPERTY = 'write.metadata.compression-codec'

async function removeObsolete(store: HadoopStore, base: TableMetadata, next: TableMetadata): Promise<void> {
  const locations = obsoleteMetadataFiles(base, next)
  if (locations.length === 0) return
  try {
    await store.io.remove([...locations, ...checksumFiles(locations)])
  } catch (error) {
    store.onLeftover(error, locations)
  }
}
