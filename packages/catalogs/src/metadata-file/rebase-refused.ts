import { isAlreadyMade } from '@moraine/iceberg/commit/already-made'
import { rebaseAppend } from '@moraine/iceberg/commit/rebase-append'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'
import type { TableCommit } from '../catalog.ts'
import type { AppliedCommit } from './apply-commit.ts'
import { type MetadataFiles, removeQuietly } from './metadata-files.ts'

/** What became of a commit that conflicts. The manifest list is unreferenced until the metadata is committed. */
export type RebasedCommit =
  | { readonly kind: 'applied'; readonly metadata: TableMetadata; readonly manifestList?: string }
  | { readonly kind: 'conflict'; readonly reason: string }

type Refused = {
  readonly commit: TableCommit
  /** Why it conflicts as it is. */
  readonly reason: string
  readonly apply: (commit: TableCommit) => AppliedCommit | Promise<AppliedCommit>
}

/**
 * Looks again at a commit that conflicts with a state of its table: one that is a part of it is made, and an append goes on
 * top, where the table asks for that ({@link rebaseAppend}). What the attempt wrote and cannot use is removed.
 *
 * @throws what says nothing of the commit: trouble that may pass, and mistakes of this program
 */
export async function rebaseRefused(
  files: Pick<MetadataFiles, 'io' | 'random' | 'onLeftover'>,
  metadata: TableMetadata,
  { commit, reason, apply }: Refused,
  signal: AbortSignal | undefined,
): Promise<RebasedCommit> {
  if (isAlreadyMade(metadata, commit.updates)) return { kind: 'applied', metadata }
  const { io, random } = files
  let written: string | undefined
  let refusal = reason
  let trouble: unknown
  try {
    const rebased = await rebaseAppend(metadata, commit, { io, random, ...(signal !== undefined && { signal }) })
    written = rebased?.manifestList
    const applied = rebased && (await apply(rebased))
    if (written !== undefined && applied?.kind === 'applied') {
      return { kind: 'applied', metadata: applied.metadata, manifestList: written }
    }
  } catch (error) {
    if (isRefusal(error)) refusal += `; it could not be rebased: ${error.message}`
    else trouble = error
  }
  // The commit is refused as it would be without the attempt, of which nothing is to stay.
  if (written !== undefined) await removeQuietly(files, [written])
  if (trouble !== undefined) throw trouble
  return { kind: 'conflict', reason: refusal }
}

/** Of an attempt to rebase: what the same attempt would meet again, since it is about the commit and the files it names. */
const REFUSALS: ReadonlySet<ErrorKind> = new Set([
  'invalid-input',
  'not-found',
  'already-exists',
  'permission',
  'corrupt',
  'unsupported',
  'conflict',
])

function isRefusal(error: unknown): error is MoraineError {
  return error instanceof MoraineError && REFUSALS.has(error.kind)
}
