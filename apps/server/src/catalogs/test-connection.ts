import type { Catalog } from '@moraine/catalogs/catalog'
import { formatIdentifier, type Namespace, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import { redact } from './catalog-secrets.ts'
import type { OpenedCatalog } from './open-catalogs.ts'

/** In this order; what comes after a step that failed is skipped. */
const CONNECTION_STEPS = ['reach', 'list', 'read', 'commit'] as const
type ConnectionStep = (typeof CONNECTION_STEPS)[number]

export type ConnectionStepReport = {
  readonly step: ConnectionStep
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What was seen, why it failed, or why it was skipped; without secrets. */
  readonly text: string
  readonly elapsedMs: number
}

export type ConnectionReport = { readonly passed: boolean; readonly steps: readonly ConnectionStepReport[] }

export type TestConnectionDeps = {
  open(catalog: PlainCatalog, signal: AbortSignal): Promise<OpenedCatalog>
  readonly clock: Clock
  readonly random: Random
}

const STEP_MS = 10_000
const CLOSE_MS = 5_000

/** What one step found for the next ones. */
type Findings = { opened?: OpenedCatalog; databases?: readonly Namespace[]; table?: TableIdentifier | undefined }
type StepEnd = string | { readonly skipped: string }

/**
 * Tries the catalog as it would be used, from its settings alone: reaches it, lists, reads a table, and has a commit
 * refused. Changes nothing there. Takes at most ten seconds a step.
 */
export async function testConnection(
  catalog: PlainCatalog,
  deps: TestConnectionDeps,
  signal?: AbortSignal,
): Promise<ConnectionReport> {
  const findings: Findings = {}
  const steps: ConnectionStepReport[] = []
  for (const step of CONNECTION_STEPS) {
    const failed = steps.find(({ outcome }) => outcome === 'failed')
    const report =
      failed === undefined ? await runStep(step, catalog, findings, deps, signal) : skippedAfter(step, failed)
    steps.push(report)
  }
  await closeTested(findings.opened, deps.clock)
  return { passed: steps.every(({ outcome }) => outcome !== 'failed'), steps }
}

async function runStep(
  step: ConnectionStep,
  catalog: PlainCatalog,
  findings: Findings,
  deps: TestConnectionDeps,
  signal: AbortSignal | undefined,
): Promise<ConnectionStepReport> {
  const { clock } = deps
  const startedAt = clock.monotonicMs()
  const report = (outcome: ConnectionStepReport['outcome'], text: string): ConnectionStepReport => ({
    step,
    outcome,
    text: redact(text, catalog),
    elapsedMs: Math.round(clock.monotonicMs() - startedAt),
  })
  try {
    const limit = {
      ms: STEP_MS,
      what: `step '${step}'`,
      remedy: 'see that its address can be reached from here',
      signal,
    }
    const end = await withinDeadline(clock, limit, (inner) => STEPS[step](catalog, findings, deps, inner))
    return typeof end === 'string' ? report('passed', end) : report('skipped', end.skipped)
  } catch (error) {
    return report('failed', describeError(error))
  }
}

const STEPS: Readonly<
  Record<
    ConnectionStep,
    (plain: PlainCatalog, found: Findings, deps: TestConnectionDeps, signal: AbortSignal) => Promise<StepEnd>
  >
> = { reach, list, read, commit }

async function reach(plain: PlainCatalog, found: Findings, deps: TestConnectionDeps, signal: AbortSignal) {
  found.opened = await deps.open(forTest(plain), signal)
  const page = await found.opened.catalog.listNamespaces([], undefined, signal)
  const { filter } = found.opened
  found.databases = page.items.filter((database) => filter.acceptsDatabase(database))
  return page.items.length === 0
    ? 'it answers; it has no databases'
    : `it answers; the filters let ${found.databases.length} of the first ${page.items.length} databases pass`
}

/** A test leaves nothing behind: no tables in a database that is empty so far. */
function forTest(plain: PlainCatalog): PlainCatalog {
  if (plain.type !== 'jdbc') return plain
  return { ...plain, properties: { ...plain.properties, 'jdbc.init-catalog-tables': 'false' } }
}

async function list(_plain: PlainCatalog, found: Findings, _deps: TestConnectionDeps, signal: AbortSignal) {
  const { catalog, filter } = openedOf(found)
  for (const database of (found.databases ?? []).slice(0, DATABASES_LOOKED_AT)) {
    const { items } = await catalog.listTables(database, undefined, signal)
    found.table = items.find(({ name }) => filter.acceptsTable(database, name))
    if (found.table !== undefined) return `tables can be listed, such as ${formatIdentifier(found.table)}`
  }
  return found.databases?.length === 0
    ? { skipped: 'there is no database' }
    : 'databases can be listed; no table was found'
}

const DATABASES_LOOKED_AT = 10

async function read(_plain: PlainCatalog, found: Findings, _deps: TestConnectionDeps, signal: AbortSignal) {
  if (found.table === undefined) return { skipped: 'there is no table to read' }
  const { catalog, io } = openedOf(found)
  const { metadata, metadataLocation } = await catalog.loadTable(found.table, signal)
  const current = metadata.snapshots.find(({ snapshotId }) => snapshotId === metadata.currentSnapshotId)
  const file = current?.manifests.kind === 'list' ? current.manifests.location : metadataLocation
  if ((await io.stat(file, signal)) === undefined) {
    throw new MoraineError('not-found', `${file} of table ${formatIdentifier(found.table)} is not there`)
  }
  return `${formatIdentifier(found.table)} was loaded, and its file ${file} can be reached`
}

/**
 * Where the catalog itself judges a commit before anything is written, one that cannot hold is sent: it requires that
 * the table be another, and changes nothing.
 */
async function commit(plain: PlainCatalog, found: Findings, deps: TestConnectionDeps, signal: AbortSignal) {
  if (plain.type !== 'rest') {
    return { skipped: `a catalog of type ${plain.type} has no commit that is certain to change nothing` }
  }
  if (found.table === undefined) return { skipped: 'there is no table to commit to' }
  const requirement = { type: 'assert-table-uuid', uuid: uuidV4(deps.random) } as const
  const { catalog } = openedOf(found)
  const outcome = await catalog.commitTable(found.table, { requirements: [requirement], updates: [] }, signal)
  switch (outcome.kind) {
    case 'conflict':
      return 'a commit that requires another table was refused, as it must be; nothing was changed'
    case 'unknown':
      throw new MoraineError('unavailable', 'the catalog did not say what became of a commit', { cause: outcome.cause })
    case 'committed':
      throw new MoraineError(
        'verification-failed',
        'the catalog accepted a commit whose requirement did not hold: writers could undo each other there, do not let it be optimized',
      )
  }
}

function openedOf({ opened }: Findings): OpenedCatalog {
  if (opened === undefined) throw new Error('invariant violated: a step ran before the catalog was opened')
  return opened
}

function skippedAfter(step: ConnectionStep, failed: ConnectionStepReport): ConnectionStepReport {
  return { step, outcome: 'skipped', text: `'${failed.step}' failed`, elapsedMs: 0 }
}

/** What does not close in time lets its connections go when they have been idle for a while. */
async function closeTested(opened: OpenedCatalog | undefined, clock: Clock): Promise<void> {
  const catalog: (Catalog & { readonly close?: () => unknown }) | undefined = opened?.catalog
  if (catalog?.close === undefined) return
  const limit = { ms: CLOSE_MS, what: `closing catalog ${catalog.name}` }
  await withinDeadline(clock, limit, async () => catalog.close?.()).catch(() => undefined)
}
