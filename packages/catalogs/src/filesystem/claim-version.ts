import { isKind, MoraineError } from '@moraine/stdx/error'
import type { FileIO, WriteOutcome } from '@moraine/storage/file-io'
import { findNewest } from './find-version.ts'
import type { HadoopStore } from './hadoop-store.ts'
import { type VersionFile, versionFileCandidates } from './version-file.ts'
import { writeVersionHint } from './version-hint.ts'

/** `theirs`: somebody else made this version. `unknown`: it may be ours, or become ours yet. */
export type ClaimOutcome = 'ours' | 'theirs' | { readonly unknown: Error }

/**
 * Makes the next version of a table by creating its file, which only one writer can, and moves the hint on.
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
  file: VersionFile,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<ClaimOutcome> {
  const { io } = store
  let written: WriteOutcome | undefined
  let failure: unknown
  try {
    written = await io.write(file.location, bytes, { createOnly: true }, signal)
  } catch (error) {
    failure = error
  }
  if (written === 'written') await moveHint(store, tableLocation, file, signal)
  const outcome = await readBack(io, tableLocation, file, bytes, failure, signal)
  // Where the write's answer was lost, or came twice from layers that try again, the hint has not been moved yet.
  if (outcome === 'ours' && written !== 'written') await moveHint(store, tableLocation, file, signal)
  return outcome
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
    const cause = failure ?? gone
    return { unknown: cause instanceof Error ? cause : new Error(String(cause)) }
  }
}

/**
 * A hint that falls behind costs readers time, and one whose version gets removed stops Hadoop's readers. So if others
 * have gone on meanwhile, whose hint we may have replaced, theirs is written again.
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
      const newest = await findNewest(io, tableLocation, hinted, signal)
      if (newest.version === hinted.version) return
      hinted = newest
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
