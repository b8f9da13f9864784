import { MoraineError } from '@moraine/stdx/error'
import { uuidV4 } from '@moraine/stdx/random'
import { noSuchTable } from '../catalog-error.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { checksumFiles } from './checksum-file.ts'
import { findCurrentVersion, listVersions } from './find-version.ts'
import type { HadoopStore } from './hadoop-store.ts'
import { metadataFolder } from './version-file.ts'
import { removeVersionHint } from './version-hint.ts'

/**
 * Forgets the table at a location: removes its version files, the current one last, so that it is whole until it is
 * gone. A copy of the current one stays in its metadata folder under a name that no reader takes for a version; with
 * it the table can be registered again.
 */
export async function dropVersions(
  { io, random }: HadoopStore,
  identifier: TableIdentifier,
  tableLocation: string,
  signal?: AbortSignal,
): Promise<void> {
  const current = await findCurrentVersion(io, tableLocation, signal)
  if (current === undefined) throw noSuchTable(identifier)
  const copy = `${metadataFolder(tableLocation)}dropped-v${current.version}-${uuidV4(random)}.json`
  await io.write(copy, await io.read(current.location, signal), {}, signal)

  const versions = await listVersions(io, tableLocation, signal)
  if (versions.some(({ version }) => version > current.version)) throw stillExists(identifier)
  const others = versions.map(({ location }) => location).filter((location) => location !== current.location)
  await removeVersionHint(io, tableLocation, signal)
  await io.remove([...others, ...checksumFiles(others)], signal)
  await io.remove([current.location, ...checksumFiles([current.location])], signal)
  if ((await findCurrentVersion(io, tableLocation, signal)) !== undefined) throw stillExists(identifier)
}

function stillExists(identifier: TableIdentifier): MoraineError {
  return new MoraineError(
    'conflict',
    `table ${formatIdentifier(identifier)} was committed to while it was being dropped and still exists; drop it again`,
  )
}
