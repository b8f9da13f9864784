import type { Catalog } from '@moraine/catalogs/catalog'
import { lacksJdbcTables } from '@moraine/catalogs/jdbc/jdbc-schema'
import { CREATES_JDBC_TABLES } from '@moraine/catalogs/jdbc/jdbc-settings'
import { formatIdentifier, type Namespace, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import { connectionProperties } from '@moraine/management/catalogs/catalog-connection'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import type { CatalogType } from '@moraine/management/catalogs/managed-catalog'
import { databaseName } from '@moraine/management/records/table-name'
import { abortError, checkAborted } from '@moraine/stdx/abort'
import { withoutAddressSecrets } from '@moraine/stdx/address-for-messages'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
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
  /** What is probably not as it was meant, though the catalog can be used; without secrets. */
  readonly warning?: string
  readonly elapsedMs: number
}

export type ConnectionReport = { readonly passed: boolean; readonly steps: readonly ConnectionStepReport[] }

export type TestConnectionDeps = {
  open(catalog: PlainCatalog, signal: AbortSignal): Promise<OpenedCatalog>
  /** What the settings alone tell. */
  findWarnings(catalog: PlainCatalog): Promise<readonly string[]>
  readonly clock: Clock
  readonly random: Random
}

const STEP_MS = 10_000
const CLOSE_MS = 5_000

/** What one step found for the next ones. */
type Findings = {
  opened?: OpenedCatalog
  databases?: readonly Namespace[]
  /** Some that can be tried. */
  tables?: readonly TableIdentifier[]
  /** The first of them that can be read. */
  table?: TableIdentifier
}
type StepEnd = string | { readonly skipped: string } | { readonly seen: string; readonly warnings: readonly string[] }

/**
 * Tries the catalog as it would be used, from its settings alone: reaches it, lists, reads a table, and goes the way of a
 * commit. Changes nothing there. Takes at most ten seconds a step.
 *
 * @throws {MoraineError} `aborted` by the signal, after what was opened is closed
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
  checkAborted(signal, `testing catalog ${catalog.name}`)
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
  const report = (
    outcome: ConnectionStepReport['outcome'],
    text: string,
    warnings: readonly string[] = [],
  ): ConnectionStepReport => ({
    step,
    outcome,
    text: redact(text, catalog),
    ...(warnings.length > 0 && { warning: redact(warnings.join('; '), catalog) }),
    elapsedMs: Math.round(clock.monotonicMs() - startedAt),
  })
  try {
    const limit = {
      ms: STEP_MS,
      what: `step '${step}'`,
      remedy: `see that ${addressesOf(catalog)} can be reached from here`,
      signal,
    }
    const end = await withinDeadline(clock, limit, (inner) => STEPS[step](catalog, findings, deps, inner))
    if (typeof end === 'string') return report('passed', end)
    return 'skipped' in end ? report('skipped', end.skipped) : report('passed', end.seen, end.warnings)
  } catch (error) {
    return report('failed', describeError(error))
  }
}

/** What is asked, or may be, as it was given. */
function addressesOf(catalog: PlainCatalog): string {
  const given = Object.entries(connectionProperties(catalog)).filter(([key]) => ADDRESS.test(key))
  const told = given.map(([key, value]) => `${key} ${withoutAddressSecrets(value)}`)
  return told.length === 0 ? 'its address' : told.join(', ')
}

const ADDRESS = /(^|\.)(uri|uris|endpoint|service\.host|warehouse)$/

const STEPS: Readonly<
  Record<
    ConnectionStep,
    (plain: PlainCatalog, found: Findings, deps: TestConnectionDeps, signal: AbortSignal) => Promise<StepEnd>
  >
> = { reach, list, read, commit }

async function reach(plain: PlainCatalog, found: Findings, deps: TestConnectionDeps, signal: AbortSignal) {
  const { seen, warnings } = await reachIt(plain, found, deps, signal)
  return { seen, warnings: [...warnings, ...(await deps.findWarnings(plain))] }
}

async function reachIt(plain: PlainCatalog, found: Findings, deps: TestConnectionDeps, signal: AbortSignal) {
  const opened = await openForTest(plain, deps, signal)
  if (opened === undefined) {
    found.databases = []
    const seen = 'the database answers; the tables of a catalog are not there, and are made when it is first used'
    return { seen, warnings: [] }
  }
  if (signal.aborted) {
    // Nobody waits for this step any more, and nobody would see what it found.
    await closeTested(opened, deps.clock)
    throw abortError(signal, `opening catalog ${plain.name}`)
  }
  found.opened = opened
  await askStore(plain, opened, deps, signal)
  const page = await found.opened.catalog.listNamespaces([], undefined, signal)
  const { filter } = found.opened
  found.databases = page.items.filter((database) => filter.acceptsDatabase(database))
  if (page.items.length === 0) {
    const why = await found.opened.catalog.explainEmpty?.()
    return { seen: 'it answers; it has no databases', warnings: why === undefined ? [] : [why] }
  }
  const seen = `it answers; the filters let ${found.databases.length} of the first ${page.items.length} databases pass`
  return {
    seen,
    warnings: found.databases.length > 0 ? [] : [nothingPasses('database-filter', page.items.map(databaseName))],
  }
}

/**
 * A store that is not there, or lets nobody in, says so at once when it is asked for one file, which need not be there; a listing
 * is tried for longer than a step lasts.
 */
async function askStore(
  { type, properties }: PlainCatalog,
  { io }: OpenedCatalog,
  { random }: TestConnectionDeps,
  signal: AbortSignal,
): Promise<void> {
  const { warehouse } = properties
  if (warehouse === undefined || !WAREHOUSED.has(type)) return
  try {
    await io.stat(testFile(warehouse, random), signal)
  } catch (error) {
    // What may be listed and written need not be open to such a question.
    if (isKind(error, 'unavailable') || isKind(error, 'timeout')) throw error
  }
}

function testFile(folder: string, random: Random): string {
  return `${folder.replace(/\/+$/, '')}/.moraine-test-${uuidV4(random)}`
}

/** The names are those that were seen, and not all. */
function nothingPasses(property: string, names: readonly string[]): string {
  const [first = ''] = names
  const seen = names.length === 1 ? first : `${names.length} names such as ${first}`
  return `its ${property} lets nothing pass of what was seen (${seen}), and nothing of it is looked after: it has to match the whole name`
}

/** A test makes no tables where there are none, nor changes them. `undefined`: there are none, and using it makes them. */
async function openForTest(
  plain: PlainCatalog,
  deps: TestConnectionDeps,
  signal: AbortSignal,
): Promise<OpenedCatalog | undefined> {
  if (plain.type !== 'jdbc') return deps.open(plain, signal)
  const { [CREATES_JDBC_TABLES]: creates = 'true', 'jdbc.schema-version': _, ...properties } = plain.properties
  try {
    return await deps.open({ ...plain, properties: { ...properties, [CREATES_JDBC_TABLES]: 'false' } }, signal)
  } catch (error) {
    if (lacksJdbcTables(error) && creates.trim().toLowerCase() === 'true') return undefined
    throw error
  }
}

async function list(_plain: PlainCatalog, found: Findings, _deps: TestConnectionDeps, signal: AbortSignal) {
  if (found.databases?.length === 0) return { skipped: 'there is no database' }
  const { catalog, filter } = openedOf(found)
  const leftOut: string[] = []
  for (const database of (found.databases ?? []).slice(0, DATABASES_LOOKED_AT)) {
    const { items } = await catalog.listTables(database, undefined, signal)
    found.tables = items.filter(({ name }) => filter.acceptsTable(database, name)).slice(0, TABLES_LOOKED_AT)
    const [first] = found.tables
    if (first !== undefined) return `tables can be listed, such as ${formatIdentifier(first)}`
    leftOut.push(...items.map(({ name }) => `${databaseName(database)}.${name}`))
  }
  if (leftOut.length === 0) return 'databases can be listed; no table was found'
  const seen = `tables can be listed; the filters let none of the first ${leftOut.length} pass`
  return { seen, warnings: [nothingPasses('table-filter', leftOut)] }
}

const DATABASES_LOOKED_AT = 10
const TABLES_LOOKED_AT = 10

/** One table that is damaged does not make a catalog useless: it is named, and others are tried. */
async function read(_plain: PlainCatalog, found: Findings, _deps: TestConnectionDeps, signal: AbortSignal) {
  const [first, ...others] = found.tables ?? []
  if (first === undefined) return { skipped: 'there is no table to read' }
  const broken: string[] = []
  let failure: unknown
  for (const table of [first, ...others]) {
    try {
      const seen = await readTable(openedOf(found), table, signal)
      found.table = table
      return [seen, ...broken].join('; ')
    } catch (error) {
      if (!isOfOneTable(error)) throw error
      failure ??= error
      broken.push(`${formatIdentifier(table)} cannot be read: ${describeError(error)}`)
    }
  }
  throw failure
}

/** What does not answer, or lets nobody in, does so for all tables. */
function isOfOneTable(error: unknown): boolean {
  return isKind(error, 'corrupt') || isKind(error, 'unsupported') || isKind(error, 'not-found')
}

async function readTable(
  { catalog, files, ...opened }: OpenedCatalog,
  table: TableIdentifier,
  signal: AbortSignal,
): Promise<string> {
  const { metadata, metadataLocation } = await catalog.loadTable(table, signal)
  const io = files?.io(table) ?? opened.io
  const current = metadata.snapshots.find(({ snapshotId }) => snapshotId === metadata.currentSnapshotId)
  const file = current?.manifests.kind === 'list' ? current.manifests.location : metadataLocation
  if ((await io.stat(file, signal)) === undefined) {
    throw new MoraineError('not-found', `${file} of table ${formatIdentifier(table)} is not there`)
  }
  return `${formatIdentifier(table)} was loaded, and its file ${file} can be reached`
}

/** What a commit does is done as far as it changes nothing: a file is written and removed, and the catalog refuses. */
async function commit(plain: PlainCatalog, found: Findings, deps: TestConnectionDeps, signal: AbortSignal) {
  if (found.table === undefined) {
    const warehouse = WAREHOUSED.has(plain.type) ? plain.properties['warehouse'] : undefined
    if (warehouse === undefined) return { skipped: 'there is no table to commit to' }
    return probeWarehouse(plain, warehouse, found, deps, signal)
  }
  const { catalog } = openedOf(found)
  if (plain.type === 'rest') return refusedCommit(catalog, found.table, deps, signal)
  if (plain.type === 'custom') return { skipped: 'a custom catalog has no commit that is certain to change nothing' }
  const seen = (await catalog.probeCommit?.(found.table, signal)) ?? WAYS[plain.type]
  if (seen === undefined) return { skipped: 'the catalog has no way to try a commit that changes nothing' }
  const { location } = (await catalog.loadTable(found.table, signal)).metadata
  const file = testFile(`${location.replace(/\/+$/, '')}/metadata`, deps.random)
  const { files, io } = openedOf(found)
  await writeAndRemove(files?.io(found.table) ?? io, file, signal)
  return `${seen}; files can be written and removed beside the metadata of ${formatIdentifier(found.table)}`
}

/** Those that make tables in a warehouse, and what is missing on the way to one. */
const WAREHOUSED: ReadonlySet<string> = new Set(['ams', 'filesystem', 'hadoop', 'jdbc'])

const FILES_WRITTEN_ONCE = 'commits are files that are written once'

/** Of those that have nothing to be asked, and need not be; the others are asked by `probeCommit`, or in a way of their own. */
const WAYS = {
  ams: 'commits are pointers in the database of this service',
  filesystem: FILES_WRITTEN_ONCE,
  hadoop: FILES_WRITTEN_ONCE,
  hive: undefined,
  glue: undefined,
  jdbc: undefined,
  rest: undefined,
  custom: undefined,
} as const satisfies Readonly<Record<CatalogType, string | undefined>>

/** Where no table can be tried a file is written where the first one would come to lie. */
async function probeWarehouse(
  plain: PlainCatalog,
  warehouse: string,
  { opened }: Findings,
  deps: TestConnectionDeps,
  signal: AbortSignal,
): Promise<string> {
  // A database without tables is not opened; its warehouse is that of a catalog of files.
  const { io } = opened ?? (await deps.open({ ...plain, type: 'filesystem' }, signal))
  const file = testFile(warehouse, deps.random)
  try {
    await writeAndRemove(io, file, signal)
  } catch (cause) {
    const kind = cause instanceof MoraineError ? cause.kind : 'unavailable'
    throw new MoraineError(kind, `nothing can be written to the warehouse ${warehouse}: ${describeError(cause)}`, {
      cause,
    })
  }
  return `there is no table to commit to; files can be written and removed in the warehouse ${warehouse}`
}

/** It requires that the table be another, and changes nothing: the catalog judges before anything is written. */
async function refusedCommit(
  catalog: Catalog,
  table: TableIdentifier,
  { random }: TestConnectionDeps,
  signal: AbortSignal,
): Promise<string> {
  const requirement = { type: 'assert-table-uuid', uuid: uuidV4(random) } as const
  const outcome = await catalog.commitTable(table, { requirements: [requirement], updates: [] }, signal)
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

async function writeAndRemove(io: FileIO, file: string, signal: AbortSignal): Promise<void> {
  let failed: { readonly error: unknown } | undefined
  try {
    await io.write(file, new TextEncoder().encode('a test of this catalog; it can be removed'), undefined, signal)
  } catch (error) {
    failed = { error }
  }
  // Whatever became of it, and also if nobody waits any more.
  await io.remove([file]).catch((cause: unknown) => {
    if (failed !== undefined) return
    const remedy = 'allow files to be removed there, and remove it by hand'
    throw new MoraineError('permission', `${file}, which the test has written, cannot be removed; ${remedy}`, { cause })
  })
  if (failed !== undefined) throw failed.error
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
  const { name, close } = opened?.catalog ?? {}
  if (close === undefined) return
  const limit = { ms: CLOSE_MS, what: `closing catalog ${name}` }
  await withinDeadline(clock, limit, async () => close()).catch(() => undefined)
}
