import type { FileIO } from '@moraine/storage/file-io'
import { metadataFolder, parseVersionFile, type VersionFile, versionFileCandidates } from './version-file.ts'
import { readVersionHint } from './version-hint.ts'

/**
 * The current version of the table at a location, found as Hadoop's catalog finds it: from the version that the hint
 * names, or from the highest in the folder where the hint is missing, garbled or names one that is gone, forward as
 * long as there is a next one. `undefined` if the folder has no version.
 */
export async function findCurrentVersion(
  io: FileIO,
  tableLocation: string,
  signal?: AbortSignal,
): Promise<VersionFile | undefined> {
  const hint = await readVersionHint(io, tableLocation, signal)
  const hinted = hint === undefined ? undefined : await findVersion(io, tableLocation, hint, signal)
  const start = hinted ?? (await listVersions(io, tableLocation, signal)).at(-1)
  return start === undefined ? undefined : findNewest(io, tableLocation, start, signal)
}

/** The newest version at or after `start`, without gaps. */
export async function findNewest(
  io: FileIO,
  tableLocation: string,
  start: VersionFile,
  signal?: AbortSignal,
): Promise<VersionFile> {
  let current = start
  for (;;) {
    const next = await findVersion(io, tableLocation, current.version + 1, signal)
    if (next === undefined) return current
    current = next
  }
}

async function findVersion(
  io: FileIO,
  tableLocation: string,
  version: number,
  signal?: AbortSignal,
): Promise<VersionFile | undefined> {
  const candidates = versionFileCandidates(tableLocation, version)
  const found = await Promise.all(candidates.map(({ location }) => io.stat(location, signal)))
  return candidates.find((_, at) => found[at] !== undefined)
}

/** All version files in the metadata folder, in order of version; of a version, the file that counts last. */
export async function listVersions(
  io: FileIO,
  tableLocation: string,
  signal?: AbortSignal,
): Promise<readonly VersionFile[]> {
  const found: VersionFile[] = []
  for await (const { location } of io.list(metadataFolder(tableLocation), signal)) {
    const file = parseVersionFile(location)
    if (file?.tableLocation === tableLocation) found.push({ version: file.version, location })
  }
  const rank = ({ version, location }: VersionFile) =>
    -versionFileCandidates(tableLocation, version).findIndex((candidate) => candidate.location === location)
  return found.sort((a, b) => a.version - b.version || rank(a) - rank(b))
}
