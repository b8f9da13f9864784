import type { CatalogTables, LoadedTable } from '@moraine/catalogs/catalog'
import { formatIdentifier, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import type { StagedCommit } from '@moraine/iceberg/commit/staged-commit'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { findSnapshot, isAncestor } from '@moraine/iceberg/metadata/snapshot-history'
import type { FormatVersion } from '@moraine/iceberg/metadata/table-metadata'
import { readManifestEntries, readManifests } from '@moraine/iceberg/scan/read-manifests'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import type { AttemptOutput } from '../plan/output-names.ts'
import type { RewriteGroup, RewritePlan } from '../plan/rewrite-plan.ts'
import type { RewriteResult } from '../plan/rewrite-result.ts'
import { liveOutputs, type OutputClashes, sharedOutputs } from '../verify/output-clashes.ts'
import { verifyGroup } from '../verify/verify-group.ts'
import { commitStaged } from './commit-staged.ts'
import { findLanded, type LandedCommit } from './find-landed.ts'
import { addedFiles, deleteInputFile, inputFile } from './planned-files.ts'
import { type Resolution, resolveConflicts } from './resolve-conflicts.ts'
import { snapshotMarks } from './snapshot-marks.ts'
import { StoredOutputs } from './stored-outputs.ts'
import { differingManifests, type TableChanges, tableChanges } from './table-changes.ts'

/** What an attempt reported, and how it was told to name its files. */
export type ReportedResult = { readonly result: RewriteResult; readonly output: AttemptOutput }

export type CommitInput = {
  readonly identifier: TableIdentifier
  readonly plan: RewritePlan
  /** Results of finished groups; the plan's other groups are left as they are. */
  readonly results: readonly ReportedResult[]
  /** Marks the snapshot, so that a commit whose answer was lost is recognised after a restart. */
  readonly processId: string
}

export type CommitContext = {
  readonly tables: CatalogTables
  readonly io: FileIO
  readonly clock: Clock
  readonly random: Random
  readonly signal?: AbortSignal
  /** Asked right before each try: whether it must not be made now, since somebody holds the table. */
  readonly isHeld?: () => Promise<boolean>
}

/** A finished group that was not committed: it is not proven, its outputs are not there, or somebody was in the way. */
export type GroupLeft = {
  readonly groupId: number
  readonly kind: 'verification-failed' | 'not-found' | 'conflict'
  readonly reason: string
}

export type RewriteOutcome =
  | {
      readonly kind: 'committed'
      readonly table: LoadedTable
      readonly snapshotId: SnapshotId
      readonly groupIds: readonly number[]
      readonly left: readonly GroupLeft[]
      readonly releasedDeletes: number
    }
  /** No group could be committed; each says why. */
  | { readonly kind: 'nothing'; readonly left: readonly GroupLeft[] }
  /** The table is held: nothing was tried any more. Commit again later. */
  | { readonly kind: 'held' }
  /** The catalog did not say whether it committed, and cannot be asked now. Outputs must be kept; commit again later. */
  | { readonly kind: 'unknown'; readonly cause: Error }

const MAX_ATTEMPTS = 10

/**
 * Verifies results, validates them against what changed since the plan, and commits what still holds in one snapshot.
 * Safe to call again after a crash at any point: a commit that landed is found by its process id and not made twice.
 * Removes nothing but manifests it staged itself; outputs of groups left out are the caller's to discard.
 */
export async function commitRewrite(input: CommitInput, context: CommitContext): Promise<RewriteOutcome> {
  const stored = new StoredOutputs(context.io)
  for (let attempt = 1; ; attempt += 1) {
    const table = await context.tables.loadTable(input.identifier, context.signal)
    const found = await findLanded(table, input, context.io, context.signal)
    if (found.kind === 'landed') return landed(found.commit, table, input)
    const verified = await asStored(verifyAll(input, table), stored, context)
    const resolution = await resolve(input, verified, table, found.kind === 'hidden', context)
    const left = [...verified.refused, ...resolution.conflicts.map((each) => ({ ...each, kind: 'conflict' as const }))]
    if (resolution.groups.length === 0) return { kind: 'nothing', left }
    const staged = await stage(input, verified, resolution, table, attempt, context)
    if (await isHeld(staged, context)) return { kind: 'held' }
    const outcome = await commitStaged(input.identifier, staged, context)
    if (outcome.kind === 'committed') return committed(outcome.table, staged, resolution, left)
    if (outcome.kind === 'unknown') return settle(input, staged, outcome.cause, context)
    if (attempt >= MAX_ATTEMPTS) throw gaveUp(input, outcome.reason)
    await context.clock.sleep(backOffMs(attempt, context.random), context.signal)
  }
}

function landed({ snapshotId, groupIds, removedDeletes }: LandedCommit, table: LoadedTable, input: CommitInput) {
  const done = new Set(groupIds)
  const left = input.results
    .filter(({ result }) => !done.has(result.groupId))
    .map(({ result: { groupId } }): GroupLeft => {
      return { groupId, kind: 'conflict', reason: 'not part of the commit that landed' }
    })
  return { kind: 'committed', table, snapshotId, groupIds, left, releasedDeletes: removedDeletes } as const
}

type VerifiedGroup = { readonly group: RewriteGroup; readonly result: RewriteResult }
type Verified = { readonly accepted: readonly VerifiedGroup[]; readonly refused: readonly GroupLeft[] }

function verifyAll({ plan, results }: CommitInput, { metadata }: LoadedTable): Verified {
  const schema = metadata.schemas.find((each) => each.schemaId === plan.schemaId)
  if (schema === undefined)
    throw new MoraineError('conflict', `the table no longer has schema ${plan.schemaId}, which the plan was made with`)
  const { baseSequenceNumber } = plan
  const accepted = new Map<number, VerifiedGroup>()
  const refused: GroupLeft[] = []
  for (const { result, output } of results) {
    const group = plan.groups.find((each) => each.groupId === result.groupId)
    if (group === undefined || accepted.has(group.groupId))
      throw new MoraineError('invalid-input', `the plan has no group ${result.groupId}, or two results`)
    if (!fitsVersion(result, metadata.formatVersion)) {
      refused.push({
        groupId: group.groupId,
        kind: 'conflict',
        reason: 'the table was upgraded to deletion vectors meanwhile',
      })
      continue
    }
    const verdict = verifyGroup({ group, output, baseSequenceNumber }, result, { ...metadata, schema })
    if (verdict.kind === 'verified') accepted.set(group.groupId, { group, result })
    else refused.push({ groupId: group.groupId, kind: 'verification-failed', reason: verdict.reason })
  }
  const verified = { accepted: [...accepted.values()], refused }
  return without(verified, sharedOutputs(verified.accepted.map(({ result }) => result)), 'verification-failed')
}

function without({ accepted, refused }: Verified, clashes: OutputClashes, kind: GroupLeft['kind']): Verified {
  return {
    accepted: accepted.filter(({ group }) => !clashes.has(group.groupId)),
    refused: [...refused, ...[...clashes].map(([groupId, reason]): GroupLeft => ({ groupId, kind, reason }))],
  }
}

// Position delete files must not be added to a table of format version 3 (table spec, "Position Delete Files").
function fitsVersion({ deleteFiles }: RewriteResult, formatVersion: FormatVersion): boolean {
  return formatVersion < 3 || deleteFiles.every((file) => file.fileFormat === 'puffin')
}

/** Leaves out groups of which an output is not there, or not as it was reported: a table must never name such a file. */
async function asStored(
  { accepted, refused }: Verified,
  stored: StoredOutputs,
  { signal }: CommitContext,
): Promise<Verified> {
  const results = accepted.map(({ result }) => result)
  const faults = await stored.findFaults(results, signal)
  return {
    accepted: accepted.filter(({ group }) => !faults.has(group.groupId)),
    refused: [...refused, ...[...faults].map(([groupId, fault]): GroupLeft => ({ groupId, ...fault }))],
  }
}

async function resolve(
  input: CommitInput,
  verified: Verified,
  { metadata }: LoadedTable,
  isHidden: boolean,
  context: CommitContext,
): Promise<Resolution> {
  const { plan } = input
  const none = (reason: string): Resolution => ({
    groups: [],
    conflicts: verified.accepted.map(({ group }) => ({ groupId: group.groupId, reason })),
    released: [],
  })
  if ((metadata.tableUuid ?? '') !== plan.tableUuid) return none('the table was replaced by another of the same name')
  // After a roll-back the deletes that were applied may be undone, although the files are live again.
  if (!isAncestor(metadata, plan.baseSnapshotId))
    return none(
      `snapshot ${plan.baseSnapshotId} is no longer part of the table's history${isHidden ? ', which does not show whether the work was committed before' : ''}`,
    )
  const changes = await changesSince(plan.baseSnapshotId, metadata, context)
  const results = verified.accepted.map(({ result }) => result)
  const clashes = liveOutputs(results, [...plannedFiles(plan), ...changes.added.map(({ file }) => file.filePath)])
  const { accepted, refused: clashing } = without({ accepted: verified.accepted, refused: [] }, clashes, 'conflict')
  const resolution = resolveConflicts(
    plan,
    accepted.map(({ group }) => group),
    changes,
    metadata,
  )
  return { ...resolution, conflicts: [...clashing, ...resolution.conflicts] }
}

/**
 * The files of the base that the plan knows. The others cannot have the name of an output: it holds the id of a process
 * that began with this base.
 */
function* plannedFiles({ groups, releasedDeletes }: RewritePlan): Iterable<string> {
  for (const { inputs, deletes } of groups) for (const { filePath } of [...inputs, ...deletes]) yield filePath
  for (const released of releasedDeletes) yield released.delete.filePath
}

async function changesSince(
  base: SnapshotId,
  metadata: LoadedTable['metadata'],
  { io, signal }: CommitContext,
): Promise<TableChanges> {
  const current = metadata.currentSnapshotId
  if (current === undefined || current === base) return { added: [], removed: new Set() }
  const [before, after] = await Promise.all(
    [base, current].map((id) => readManifests(io, metadata, findSnapshot(metadata, id), signal)),
  )
  const { gone, fresh } = differingManifests(before ?? [], after ?? [])
  const read = async (manifests: typeof gone) => (await readManifestEntries(io, metadata, manifests, signal)).flat()
  return tableChanges(await read(gone), await read(fresh))
}

async function stage(
  { plan, processId }: CommitInput,
  { accepted }: Verified,
  { groups, released }: Resolution,
  { metadata }: LoadedTable,
  attempt: number,
  context: CommitContext,
): Promise<StagedCommit> {
  const resultOf = new Map(accepted.map(({ result }) => [result.groupId, result]))
  const rewritten = groups.filter((group) => group.method.kind !== 'convert-deletes')
  return stageSnapshot(
    metadata,
    {
      operation: 'replace',
      added: groups.flatMap((group) => {
        const result = resultOf.get(group.groupId)
        return result === undefined ? [] : addedFiles(plan, group, result)
      }),
      removed: [
        ...rewritten.flatMap((group) => group.inputs.map((each) => inputFile(group, each))),
        ...released.map((each) => deleteInputFile(each)),
      ],
      summary: snapshotMarks(
        processId,
        groups.map((group) => group.groupId),
      ),
    },
    { ...context, attempt },
  )
}

/** If so, or if that cannot be told, what was staged is gone. */
async function isHeld({ writtenFiles }: StagedCommit, { io, isHeld }: CommitContext): Promise<boolean> {
  let mayCommit = false
  try {
    mayCommit = !(await isHeld?.())
    return !mayCommit
  } finally {
    if (!mayCommit) await io.remove(writtenFiles)
  }
}

function committed(
  table: LoadedTable,
  staged: StagedCommit,
  resolution: Resolution,
  left: readonly GroupLeft[],
): RewriteOutcome {
  return {
    kind: 'committed',
    table,
    snapshotId: staged.snapshot.snapshotId,
    groupIds: resolution.groups.map((group) => group.groupId),
    left,
    releasedDeletes: resolution.released.length,
  }
}

/** After an unknown outcome the table itself is asked; if it cannot be reached, or does not show the commit, nothing is removed. */
async function settle(
  input: CommitInput,
  staged: StagedCommit,
  cause: Error,
  context: CommitContext,
): Promise<RewriteOutcome> {
  try {
    // Not stopped by the signal: who stopped it wants to know as well.
    const table = await context.tables.loadTable(input.identifier)
    const found = await findLanded(table, input, context.io)
    if (found.kind === 'landed') return landed(found.commit, table, input)
  } catch (error) {
    return {
      kind: 'unknown',
      cause: new AggregateError([cause, error], `commit ${staged.snapshot.snapshotId} has an unknown outcome`),
    }
  }
  return { kind: 'unknown', cause }
}

function gaveUp({ identifier }: CommitInput, reason: string): MoraineError {
  return new MoraineError(
    'conflict',
    `table ${formatIdentifier(identifier)} changed during each of ${MAX_ATTEMPTS} attempts to commit, last: ${reason}`,
  )
}

function backOffMs(attempt: number, random: Random): number {
  const [jitter = 0] = random.bytes(1)
  return Math.min(100 * 2 ** (attempt - 1), 5000) * (0.5 + jitter / 512)
}
