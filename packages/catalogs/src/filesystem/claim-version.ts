import { asError, isKind, MoraineError } from '@moraine/stdx/error'
import type { FileIO, WriteOutcome } from '@moraine/storage/file-io'
import { confirmClaim, type VersionClaim } from './confirm-claim.ts'
import { findCurrentVersion } from './find-version.ts'
import type { HadoopStore } from './hadoop-store.ts'
import { type VersionFile, versionFileCandidates } from './version-file.ts'
import { readVersionHint, removeVersionHint, writeVersionHint } from './version-hint.ts'

/** `theirs`: somebody else made this version. `unknown`: it may be ours, or become ours yet. */
export type ClaimOutcome = 'ours' | 'theirs' | { readonly superseded: string } | { readonly unknown: Error }

/**
 * Makes the next version of a table by creating its file, which only one writer can; makes sure that the version it
 * began from is still the table's; and moves the hint on.
 *
 * Nobody can tell a store to create v8 only while v7 is there. So between the reading of v7 and the creation of v8 the
 * table may have been dropped, and another created in its folder. Each does its steps in this order:
 *
 * - a drop of v7: leaves a copy named by version and table id; looks for a v8 and gives up if there is one; removes the
 *   hint, the older versions, v7; looks once more.
 * - a commit from v7: creates v8; looks for that copy, for v7, and for a hint that is further ahead; takes v8 back if it
 *   should not be; moves the hint; answers.
 * - a creation: begins two versions beyond the last that has a copy; creates that file; looks whether the copies are
 *   still the same, and the version the current one.
 *
 * What can come of it:
 *
 * - v8 before the drop's copy: the drop sees v8 and gives up. The commit may see the copy and take v8 back: both are
 *   refused, and nothing was removed.
 * - v8 between the copy and the drop's look: the same, and the commit surely takes v8 back.
 * - v8 after the drop's look: the commit sees the copy, and takes v8 back, wherever the drop has come to.
 * - v8 after the drop and a new creation: as before. The new table begins with v9, the highest version and the one that
 *   its hint names, so that no reader comes upon v8 from it, and no commit of it finds v8 taken. Nor can a drop that
 *   goes on late remove anything of it but the hint.
 * - v5 from a v4 that others have gone on from, up to a v7 that was dropped: v4 is gone, or has other bytes.
 * - v5 where v5 was removed as too old: v4 is gone as well, or could not be removed, but the hint is ahead. The log of
 *   the current version has another v5, or none any more; then it is left open what became of it.
 * - v8 whose v7 is gone since others have gone on from v8 already: their log has it. Or since v8 itself was dropped
 *   already: there is a copy of v8, or no v8 any more. That is left open, too.
 * - v9 from a v8 that is to be taken back: the commit sees the copy of v7 and takes v9 back, too.
 * - a reader while v8 is there too late: without a hint it sees a copy of v7, no v7, and v8 of the same table, and takes
 *   the table for dropped. The same if whoever made v8 dies before it takes it back.
 * - a drop that dies on its way: the table stays until v7 is gone, and takes no commits; it can be dropped again.
 *
 * Nobody removes a v8 but who made it, so that it cannot be another's by the time it is removed. Hadoop's own drop
 * removes the folder: there v7 is gone or another's, but a reader may see v8 until it is taken back, and a new table of
 * Hadoop's begins with v1.
 *
 * Hadoop's own catalog, on a local disk, looks whether the file exists and then renames its own over it, so that a
 * Spark commit at the same moment can replace ours. Therefore the file is read back after the hint has been written,
 * and is ours only if it has our bytes. What remains is a Spark commit that looked before our file was created and
 * renames after it was read back, two synced writes later: Spark stalled between two calls for all that time. HDFS
 * refuses such a rename, so that there the file is ours once it is made; the look costs little beside the commit.
 */
export async function claimVersion(
  store: HadoopStore,
  tableLocation: string,
  claim: VersionClaim & { readonly bytes: Uint8Array },
  signal?: AbortSignal,
): Promise<ClaimOutcome> {
  const { io } = store
  const { file, bytes } = claim
  let written: WriteOutcome | undefined
  let failure: unknown
  try {
    written = await io.write(file.location, bytes, { createOnly: true }, signal)
  } catch (error) {
    failure = error
  }
  if (written !== 'written') {
    // The write's answer may be lost, or come twice from layers that try again.
    const found = await readBack(io, tableLocation, file, bytes, failure, signal)
    if (found !== 'ours') return found
  }
  try {
    const fate = await confirmClaim(io, tableLocation, claim, signal)
    if (fate !== 'stands' && 'untold' in fate) return { unknown: new MoraineError('unavailable', fate.untold) }
    if (fate !== 'stands') {
      await takeBack(io, tableLocation, file)
      return fate
    }
  } catch (error) {
    return { unknown: asError(failure ?? error) }
  }
  await moveHint(store, tableLocation, file, signal)
  return readBack(io, tableLocation, file, bytes, failure, signal)
}

/** Without a signal: the file must not stay because the client has gone. */
async function takeBack(io: FileIO, tableLocation: string, file: VersionFile): Promise<void> {
  await io.remove([file.location])
  // A drop that saw the file too late has named it, in doubt whether it stands.
  if ((await readVersionHint(io, tableLocation)) === file.version) await removeVersionHint(io, tableLocation)
}

async function readBack(
  io: FileIO,
  tableLocation: string,
  file: VersionFile,
  bytes: Uint8Array,
  failure: unknown,
  signal: AbortSignal | undefined,
): Promise<ClaimOutcome> {
  try {
    if (!Buffer.from(await io.read(file.location, signal)).equals(bytes)) return 'theirs'
    const rivals = versionFileCandidates(tableLocation, file.version).filter(
      ({ location }) => location !== file.location,
    )
    const found = await Promise.all(rivals.map(({ location }) => io.stat(location, signal)))
    if (found.every((each) => each === undefined)) return 'ours'
    // Somebody changed the compression and made this version under another name. Two would hide one another.
    await io.remove([file.location], signal)
    return 'theirs'
  } catch (error) {
    if (isRefusal(failure)) throw failure
    const gone = isKind(error, 'not-found')
      ? new MoraineError('unavailable', `${file.location} is not there right after it was written`, { cause: error })
      : error
    return { unknown: asError(failure ?? gone) }
  }
}

/**
 * A hint that falls behind costs readers time, and one whose version gets removed stops Hadoop's readers. So if others
 * have gone on meanwhile, or dropped the table, whose hint we may have replaced, what they wrote is written again.
 */
async function moveHint(
  { io, onLeftover }: HadoopStore,
  tableLocation: string,
  file: VersionFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  let hinted = file
  try {
    for (;;) {
      await writeVersionHint(io, tableLocation, hinted.version, signal)
      const current = await findCurrentVersion(io, tableLocation, signal)
      if (current === undefined) return await removeVersionHint(io, tableLocation, signal)
      if (current.version === hinted.version) return
      hinted = current
    }
  } catch (error) {
    onLeftover(error, [tableLocation])
  }
}

/** Failures of a store that answered. Of others it is open whether the file was, or will be, written. */
function isRefusal(error: unknown): boolean {
  return error instanceof MoraineError && REFUSALS.has(error.kind)
}

const REFUSALS: ReadonlySet<MoraineError['kind']> = new Set([
  'permission',
  'exhausted',
  'unsupported',
  'invalid-input',
  'not-found',
])
