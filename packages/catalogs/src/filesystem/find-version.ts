import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { isKind } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import {
  type DroppedCopy,
  metadataFolder,
  parseDroppedCopy,
  parseVersionFile,
  type VersionFile,
  versionFileCandidates,
} from './version-file.ts'
import { readVersionHint } from './version-hint.ts'

/**
 * The current version of the table at a location, found as Hadoop's catalog finds it: from the version that the hint
 * names, or from the highest in the folder where the hint is missing, garbled or names one that is gone, forward as
 * long as there is a next one. `undefined` if the folder has no version, or only what was committed too late to a table
 * that has been dropped.
 */
export async function findCurrentVersion(
  io: FileIO,
  tableLocation: string,
  signal?: AbortSignal,
): Promise<VersionFile | undefined> {
  const hint = await readVersionHint(io, tableLocation, signal)
  const hinted = hint === undefined ? undefined : await findVersion(io, tableLocation, hint, signal)
  const start = hinted ?? (await highestVersion(io, tableLocation, signal))
  return start === undefined ? undefined : findNewest(io, tableLocation, start, signal)
}

/** The newest version at or after `start`, without gaps. */
async function findNewest(
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

export type FolderVersions = {
  /** In order of version; of a version, the file that counts last. */
  readonly versions: readonly VersionFile[]
  readonly dropped: readonly DroppedCopy[]
}

/** All version files in the metadata folder, and the copies that drops have left there. */
export async function listVersions(io: FileIO, tableLocation: string, signal?: AbortSignal): Promise<FolderVersions> {
  const versions: VersionFile[] = []
  const dropped: DroppedCopy[] = []
  for await (const { location } of io.list(metadataFolder(tableLocation), signal)) {
    const file = parseVersionFile(location)
    if (file?.tableLocation === tableLocation) versions.push({ version: file.version, location })
    const copy = parseDroppedCopy(tableLocation, location)
    if (copy !== undefined) dropped.push(copy)
  }
  const rank = ({ version, location }: VersionFile) =>
    -versionFileCandidates(tableLocation, version).findIndex((candidate) => candidate.location === location)
  return { versions: versions.sort((a, b) => a.version - b.version || rank(a) - rank(b)), dropped }
}

/**
 * The version that a new table in a folder begins with: 1, or beyond whatever a late commit to the tables that were
 * dropped there could still make. {@link claimVersion} says why.
 */
export function firstVersion(dropped: readonly DroppedCopy[]): number {
  return Math.max(1, ...dropped.map(({ version }) => version + 2))
}

/** The id of the table that a version file is of; `undefined` if it is gone, or cannot be read as one. */
export async function tableUuidOf(
  io: FileIO,
  { location }: VersionFile,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    return parseTableMetadata(await io.read(location, signal), location).tableUuid
  } catch (error) {
    if (isKind(error, 'not-found') || isKind(error, 'corrupt')) return undefined
    throw error
  }
}

async function highestVersion(
  io: FileIO,
  tableLocation: string,
  signal: AbortSignal | undefined,
): Promise<VersionFile | undefined> {
  const { versions, dropped } = await listVersions(io, tableLocation, signal)
  const highest = versions.at(-1)
  if (highest === undefined || highest.version >= firstVersion(dropped)) return highest
  // A new table would begin further up. So a drop has not removed all of this one yet, or a commit came after it.
  const tableUuid = await tableUuidOf(io, highest, signal)
  if (!dropped.some((copy) => copy.tableUuid === tableUuid)) return highest
  const last = Math.max(...dropped.map(({ version }) => version))
  const whole = versions.findLast(({ version }) => version === last)
  const copies = dropped.filter(({ version }) => version === last)
  return whole !== undefined && (await isOneOf(io, whole, copies, signal)) ? highest : undefined
}

async function isOneOf(
  io: FileIO,
  file: VersionFile,
  copies: readonly DroppedCopy[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const bytes = Buffer.from(await io.read(file.location, signal))
    const others = await Promise.all(copies.map(({ location }) => io.read(location, signal)))
    return others.some((other) => bytes.equals(other))
  } catch (error) {
    if (isKind(error, 'not-found')) return false
    throw error
  }
}
