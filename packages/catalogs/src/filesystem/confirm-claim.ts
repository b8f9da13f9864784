import { isKind } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import { findCurrentVersion, firstVersion, listVersions, tableUuidOf } from './find-version.ts'
import { loadCurrentVersion, type TableVersion } from './hadoop-store.ts'
import { droppedCopy, type VersionFile } from './version-file.ts'
import { readVersionHint } from './version-hint.ts'

export type VersionClaim = {
  /** What the next version was made from; `undefined` if the table is new. */
  readonly base: TableVersion | undefined
  readonly file: VersionFile
  readonly tableUuid: string | undefined
  readonly lastUpdatedMs: number
}

/** `untold`: it cannot be told any more, and its file must stay. Both say why, in words for the client. */
export type ClaimFate = 'stands' | { readonly superseded: string } | { readonly untold: string }

/**
 * Whether a version whose file was just created is the next one of the table that it was made from. {@link claimVersion}
 * says what can have happened.
 */
export async function confirmClaim(
  io: FileIO,
  tableLocation: string,
  claim: VersionClaim,
  signal?: AbortSignal,
): Promise<ClaimFate> {
  const { base } = claim
  if (base !== undefined) return confirmCommit(io, tableLocation, { ...claim, base }, signal)
  const superseded = await supersededCreation(io, tableLocation, claim, signal)
  return superseded === undefined ? 'stands' : { superseded }
}

async function confirmCommit(
  io: FileIO,
  tableLocation: string,
  claim: VersionClaim & { readonly base: TableVersion },
  signal: AbortSignal | undefined,
): Promise<ClaimFate> {
  const { base, file } = claim
  // The version before as well: it was itself made too late then, and whoever made it is about to take it back.
  for (const version of [base.file.version, base.file.version - 1]) {
    const { location } = droppedCopy(tableLocation, version, base.metadata.tableUuid)
    if ((await io.stat(location, signal)) === undefined) continue
    const superseded = `it is being dropped; if nobody does that any more, drop it again, or remove ${location} to keep it`
    return { superseded }
  }
  const hint = await readVersionHint(io, tableLocation, signal)
  const isBaseThere = await holds(io, base, signal)
  if (isBaseThere && (hint ?? 0) <= file.version) return 'stands'
  const ahead = await lookAhead(io, tableLocation, claim, signal)
  if (ahead !== undefined) return ahead
  // A hint may name what is not there.
  if (isBaseThere) return 'stands'
  return { superseded: `${base.file.location}, which the commit began from, was removed or replaced` }
}

/** Whether those who are ahead went on from the version, or never had it; `undefined` if nobody is. */
async function lookAhead(
  io: FileIO,
  tableLocation: string,
  { file, tableUuid, lastUpdatedMs }: VersionClaim,
  signal: AbortSignal | undefined,
): Promise<ClaimFate | undefined> {
  const current = await loadCurrentVersion({ io }, tableLocation, signal)
  const isAhead = current !== undefined && current.file.version > file.version
  if (isAhead && current.metadata.tableUuid === tableUuid) {
    const entry = current.metadata.metadataLog.find(({ metadataFile }) => metadataFile === file.location)
    if (entry?.timestampMs === lastUpdatedMs) return 'stands'
    if (entry !== undefined) return { superseded: `${current.file.location} has gone on from another` }
    return { untold: `${current.file.location} has left behind what it has gone on from` }
  }
  const copy = droppedCopy(tableLocation, file.version, tableUuid)
  const [own, dropped] = await Promise.all([io.stat(file.location, signal), io.stat(copy.location, signal)])
  if (own === undefined || dropped !== undefined) return { untold: `${file.location} was dropped or replaced` }
  return isAhead ? { superseded: `${current.file.location} is of another table` } : undefined
}

async function supersededCreation(
  io: FileIO,
  tableLocation: string,
  { file, tableUuid }: VersionClaim,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { dropped } = await listVersions(io, tableLocation, signal)
  if (firstVersion(dropped) !== file.version) return 'a table of its name was created and dropped meanwhile'
  const current = await findCurrentVersion(io, tableLocation, signal)
  if (current === undefined || current.location === file.location) return undefined
  // A commit to the new table may have come already.
  const isAhead = tableUuid !== undefined && (await tableUuidOf(io, current, signal)) === tableUuid
  return isAhead ? undefined : `${current.location} is there already`
}

/** Whether the file of a version is still what was read: of a table that was created anew it may have the name. */
async function holds(io: FileIO, { file, bytes }: TableVersion, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return Buffer.from(await io.read(file.location, signal)).equals(bytes)
  } catch (error) {
    if (isKind(error, 'not-found')) return false
    throw error
  }
}
