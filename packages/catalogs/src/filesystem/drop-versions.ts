import { MoraineError } from '@moraine/stdx/error'
import { uuidV4 } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { noSuchTable } from '../catalog-error.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { checksumFiles } from './checksum-file.ts'
import { listVersions, tableUuidOf } from './find-version.ts'
import { type HadoopStore, loadCurrentVersion, type TableVersion } from './hadoop-store.ts'
import { droppedCopy, type VersionFile } from './version-file.ts'
import { removeVersionHint, writeVersionHint } from './version-hint.ts'

/**
 * Forgets the table at a location: removes its version files, the current one last, so that it is whole until it is
 * gone. A copy of the current one stays in its metadata folder under a name that no reader takes for a version; with
 * it the table can be registered again. From the copy on no commit can begin from that version: {@link claimVersion}
 * has the steps of both, and what comes of them together.
 */
export async function dropVersions(
  store: HadoopStore,
  identifier: TableIdentifier,
  tableLocation: string,
  signal?: AbortSignal,
): Promise<void> {
  const { io } = store
  const current = await loadCurrentVersion(store, tableLocation, signal)
  if (current === undefined) throw noSuchTable(identifier)
  const older = await announceDrop(store, identifier, tableLocation, current, signal)
  await removeVersionHint(io, tableLocation, signal)
  await io.remove([...older, ...checksumFiles(older)], signal)
  await io.remove([current.file.location, ...checksumFiles([current.file.location])], signal)

  const late = (await versionsAround(io, tableLocation, current, signal)).newer.at(-1)
  if (late === undefined) return
  // Hadoop's catalog looks for no copy. A late commit of ours takes its version back, and this hint with it.
  await writeVersionHint(io, tableLocation, late.version, signal)
  throw stillExists(identifier)
}

/** Leaves the copy, and answers the older versions; takes it away again if the table has gone on before it was there. */
async function announceDrop(
  { io, random, onLeftover }: HadoopStore,
  identifier: TableIdentifier,
  tableLocation: string,
  current: TableVersion,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { file, metadata, bytes } = current
  const copy = droppedCopy(tableLocation, file.version, metadata.tableUuid)
  // A store that cannot has no commits of ours.
  const createOnly = io.canCreateOnly(copy.location)
  const isOurs = (await io.write(copy.location, bytes, { createOnly }, signal)) === 'written'
  try {
    if (!isOurs && !Buffer.from(await io.read(copy.location, signal)).equals(bytes)) {
      // The same table, dropped from a version of this number before. That copy stays as well.
      const id = `${copy.tableUuid}-${uuidV4(random)}`
      await io.write(droppedCopy(tableLocation, file.version, id).location, bytes, {}, signal)
    }
    const { older, newer } = await versionsAround(io, tableLocation, current, signal)
    if (newer.length > 0) throw stillExists(identifier)
    return older
  } catch (error) {
    // The first failure says best what happened, and whoever commits next is told of a copy that stays.
    if (isOurs) await io.remove([copy.location]).catch((left: unknown) => onLeftover(left, [copy.location]))
    throw error
  }
}

/** Versions after the current one that are of another table are none of this drop's business. */
async function versionsAround(
  io: FileIO,
  tableLocation: string,
  { file, metadata }: TableVersion,
  signal: AbortSignal | undefined,
): Promise<{ readonly older: readonly string[]; readonly newer: readonly VersionFile[] }> {
  const { versions } = await listVersions(io, tableLocation, signal)
  const newer: VersionFile[] = []
  for (const each of versions.filter(({ version }) => version > file.version)) {
    if ((await tableUuidOf(io, each, signal)) === metadata.tableUuid) newer.push(each)
  }
  const older = versions.filter(({ version, location }) => version <= file.version && location !== file.location)
  return { older: older.map(({ location }) => location), newer }
}

function stillExists(identifier: TableIdentifier): MoraineError {
  return new MoraineError(
    'conflict',
    `table ${formatIdentifier(identifier)} was committed to while it was being dropped and still exists; drop it again`,
  )
}
