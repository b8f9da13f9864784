import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import type { RewriteResult } from '@moraine/maintenance/plan/rewrite-result'
import type { TableReport } from '@moraine/maintenance/report/table-report'
import { counted, humanBytes, humanDuration } from '@moraine/stdx/human-text'
import type { RunReport } from '../optimize/optimize-table.ts'
import { textTable } from './table-text.ts'

export type TableFigures = TableReport & { readonly snapshotId: bigint | undefined }

/** A plan that was run, and what came of it. */
export type PlanRun = { readonly plan: RewritePlan; readonly report: RunReport }

export type OptimizeOutcome = {
  readonly name: string
  /** The first plan; `undefined` if the table has no data. */
  readonly plan: RewritePlan | undefined
  /** Empty if there was nothing to do. */
  readonly runs: readonly PlanRun[]
  readonly before: TableFigures
  readonly after: TableFigures
  readonly elapsedMs: number
}

export function optimizeText(outcome: OptimizeOutcome): string {
  const { name, plan, runs, before, after } = outcome
  if (plan === undefined || runs.length === 0) {
    return `${[`${name}: nothing to optimize.`, ...(plan?.skipped ?? []).map(skippedText)].join('\n')}\n`
  }
  const figures = optimizeJson(outcome)
  const lines = [
    `${name}: ${plan.optimizingType} optimizing, ${sum(runs, ({ report }) => report.results.length)} of ${counted(figures.groups, 'group')} done, ${figures.outcome}.`,
    textTable(
      ['', 'before', 'after'],
      [
        ['data files', before.dataFiles.files, after.dataFiles.files],
        ['delete files', deleteFiles(before), deleteFiles(after)],
        ['bytes', humanBytes(allBytes(before)), humanBytes(allBytes(after))],
        ['health', before.health.total, after.health.total],
        ['snapshot', String(before.snapshotId ?? 'none'), String(after.snapshotId ?? 'none')],
      ],
    ),
    `${counted(figures.deletesApplied, 'row')} deleted, ${figures.methods.concat} concat, ${figures.methods.rewrite} rewrite, ${figures.methods['convert-deletes']} convert-deletes, ${humanDuration(outcome.elapsedMs)}, ${figures.megabytesPerSecond.toFixed(1)} MB/s, peak ${humanBytes(figures.peakRssBytes)} a child; rows verified: ${figures.rowHashVerdict}`,
    ...(lastPlan(outcome)?.skipped ?? [])
      .filter(({ reason }) => CANNOT.has(reason))
      .map((each) => `left alone:${skippedText(each).slice(1)}`),
    ...figures.failures.map((failure) => `group ${failure.groupId} is not in the table: ${failure.reason}`),
  ]
  return `${lines.join('\n')}\n`
}

/** What is left alone although it may need work: said even where something else was done. */
const CANNOT: ReadonlySet<string> = new Set(['unsupported-format', 'encrypted', 'foreign', 'unreadable'])

function skippedText({ partitionPath, reason, detail }: RewritePlan['skipped'][number]): string {
  return `  ${partitionPath === '' ? 'the table' : partitionPath}: ${reason}: ${detail}`
}

/** What `table optimize --json` prints. Sizes are bytes, ids exact integers. */
export function optimizeJson(outcome: OptimizeOutcome) {
  const { name, plan, runs, before, after, elapsedMs } = outcome
  const results = runs.flatMap(({ report }) => report.results)
  const failures = runs.flatMap(({ report }) => report.failures)
  const commits = runs.map(({ report }) => report.commit)
  const inputBytes = sum(results, (result) => result.cost.inputBytes)
  return {
    table: name,
    outcome: (commits.find(({ kind }) => kind === 'committed') ?? commits.at(-1))?.kind ?? 'nothing to do',
    optimizingType: plan === undefined || plan.groups.length === 0 ? null : plan.optimizingType,
    before,
    after,
    groups: sum(runs, (run) => run.plan.groups.length),
    methods: {
      concat: ofMethod(results, 'concat'),
      rewrite: ofMethod(results, 'rewrite'),
      'convert-deletes': ofMethod(results, 'convert-deletes'),
    },
    deletesApplied: sum(results, deletedRows),
    inputBytes,
    outputBytes: sum(results, (result) => result.cost.outputBytes),
    seconds: elapsedMs / 1000,
    megabytesPerSecond: elapsedMs === 0 ? 0 : inputBytes / 1e6 / (elapsedMs / 1000),
    cpuSeconds: sum(results, (result) => result.cost.cpuMs) / 1000,
    peakRssBytes: Math.max(0, ...results.map((result) => result.cost.peakRssBytes)),
    snapshotIdBefore: before.snapshotId ?? null,
    snapshotIdAfter: after.snapshotId ?? null,
    committedSnapshotIds: commits.flatMap((commit) => (commit.kind === 'committed' ? [commit.snapshotId] : [])),
    rowHashVerdict: runs.length === 0 ? 'not needed' : failures.length === 0 ? 'equal' : 'see failures',
    failures,
    skipped: lastPlan(outcome)?.skipped ?? [],
  }
}

/** It knows best what had to be left alone. */
function lastPlan({ plan, runs }: OptimizeOutcome): RewritePlan | undefined {
  return runs.at(-1)?.plan ?? plan
}

function deletedRows({ evidence }: RewriteResult): number {
  switch (evidence.kind) {
    case 'row-hash':
      return evidence.deletedRows
    case 'deleted-positions':
      return sum(evidence.files, (file) => file.deletedRows)
    case 'copied-ranges':
      return 0
  }
}

function ofMethod(results: readonly RewriteResult[], kind: RewriteResult['method']['kind']): number {
  return results.filter((result) => result.method.kind === kind).length
}

function deleteFiles(report: TableReport): number {
  return report.positionDeletes.files + report.deletionVectors.files + report.equalityDeletes.files
}

function allBytes(report: TableReport): number {
  return (
    report.dataFiles.bytes + report.positionDeletes.bytes + report.deletionVectors.bytes + report.equalityDeletes.bytes
  )
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
