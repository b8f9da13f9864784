import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { ProcessId } from '@moraine/lifecycle/identity'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { TableEvaluation } from '@moraine/management/records/table-evaluation'
import type { TableName } from '@moraine/management/records/table-name'
import type { TableSettings } from '@moraine/management/records/table-settings'
import type {
  AttemptKey,
  CommitReport,
  CommitRequest,
  OutputCheck,
  PlannedTask,
  PlannedWork,
  PlanRequest,
  TableMaintenance,
} from '@moraine/management/table-work/table-maintenance'
import { assert } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'

/**
 * Tables reduced to what the service can get wrong: files that hold numbered rows, a version for each commit, a mark for
 * each process that committed. A partition with three small files wants to be rewritten.
 */
export type Lake = {
  readonly tables: Map<string, SimulatedTable>
  /** What they were known by for ever. */
  readonly dropped: Set<string>
  /** Every file that exists, in a table or not, with its rows. */
  readonly files: Map<string, readonly number[]>
  /** Files that tasks wrote and that were ever in a table. */
  readonly committed: Set<string>
  /** Rules that were broken; the simulator looks after each step. */
  readonly violations: string[]
  /** Raised by everything that changes a table or a file. */
  mutations: number
}

export type SimulatedTable = {
  name: TableName
  /** Its first name, by which it is known for ever. */
  readonly uuid: string
  settings: TableSettings
  /** Its catalog gives nobody leave to reach its files. */
  refusesAccess: boolean
  version: number
  /** Files by partition. */
  readonly partitions: Map<string, Set<string>>
  /** Every row ever appended. */
  readonly rows: Set<number>
  /** Processes that committed, with what they were told. */
  readonly committed: Map<ProcessId, CommitReport>
}

type TaskInput = {
  readonly table: string
  readonly partition: string
  readonly files: readonly string[]
  readonly prefix: string
}
type TaskOutput = { readonly file: string; readonly rows: number }

const SMALL_ROWS = 8
const SMALL_FILES = 3

export function emptyLake(): Lake {
  return { tables: new Map(), dropped: new Set(), files: new Map(), committed: new Set(), violations: [], mutations: 0 }
}

export function addSimulatedTable(
  lake: Lake,
  name: string,
  settings: TableSettings,
  { catalog = 'lake', uuid = name }: { readonly catalog?: string; readonly uuid?: string } = {},
): SimulatedTable {
  const table: SimulatedTable = {
    name: { catalog, namespace: ['sim'], name },
    uuid,
    settings,
    refusesAccess: false,
    version: 1,
    partitions: new Map(),
    rows: new Set(),
    committed: new Map(),
  }
  lake.tables.set(name, table)
  return table
}

/** Somebody gives the table another name, which no other has ever had. */
export function renameSimulatedTable(lake: Lake, table: SimulatedTable, name: string): void {
  lake.mutations += 1
  lake.tables.delete(table.name.name)
  table.name = { ...table.name, name }
  lake.tables.set(name, table)
}

/** A writer's append of one small file. */
export function appendFile(lake: Lake, table: SimulatedTable, partition: string): void {
  lake.mutations += 1
  const row = table.rows.size + 1
  table.rows.add(row)
  table.version += 1
  const file = `${table.uuid}/${partition}/append-${table.version}`
  lake.files.set(file, [row])
  filesOf(table, partition).add(file)
}

/** Another engine merges the files of a partition, and so takes the inputs away from whoever plans with them. */
export function mergeFiles(lake: Lake, table: SimulatedTable, partition: string): void {
  const files = filesOf(table, partition)
  if (files.size < 2) return
  lake.mutations += 1
  const rows = [...files].flatMap((file) => rowsOf(lake, file))
  table.version += 1
  const merged = `${table.uuid}/${partition}/merge-${table.version}`
  lake.files.set(merged, rows)
  files.clear()
  files.add(merged)
}

/** What an honest executor does with a task. */
export function rewriteHonestly(lake: Lake, input: string): string {
  const { files, prefix } = JSON.parse(input) as TaskInput
  const rows = files.flatMap((file) => rowsOf(lake, file))
  const file = `${prefix}${OUTPUT}`
  lake.mutations += 1
  lake.files.set(file, rows)
  const output: TaskOutput = { file, rows: rows.length }
  return JSON.stringify(output)
}

/** Outputs of tasks of a table that are not in it and never were. */
export function strayOutputs({ files, committed }: Lake, uuid: string): readonly string[] {
  const isOutput = (file: string) => file.startsWith(`${uuid}/`) && file.endsWith(OUTPUT)
  return [...files.keys()].filter((file) => isOutput(file) && !committed.has(file))
}

const OUTPUT = '-out'

/** Whether no partition wants to be rewritten. */
export function isHealthy(lake: Lake, table: SimulatedTable): boolean {
  return [...table.partitions.keys()].every((partition) => smallFiles(lake, table, partition).length < SMALL_FILES)
}

/** Every live file exists and every appended row is in exactly one of them. */
export function checkRows(lake: Lake, table: SimulatedTable): void {
  const seen = new Set<number>()
  for (const file of [...table.partitions.values()].flatMap((files) => [...files])) {
    const rows = lake.files.get(file)
    if (rows === undefined) lake.violations.push(`live file ${file} is missing`)
    for (const row of rows ?? []) {
      if (seen.has(row)) lake.violations.push(`row ${row} of ${table.name.name} is there twice`)
      seen.add(row)
    }
  }
  if (seen.size !== table.rows.size) {
    lake.violations.push(`${table.name.name} has ${seen.size} rows instead of ${table.rows.size}`)
  }
}

/** The work of the service on these tables, without faults. */
export function lakeMaintenance(lake: Lake): TableMaintenance {
  const find = (name: TableName) => {
    const table = lake.tables.get(name.name)
    if (table === undefined) throw new MoraineError('not-found', `there is no table ${name.name}`)
    return table
  }
  return {
    async findMetadataLocation({ name }) {
      const table = lake.tables.get(name)
      return table && locationOf(table)
    },
    async identify({ name }) {
      const table = lake.tables.get(name)
      return table && { metadataLocation: locationOf(table), tableUuid: table.uuid }
    },
    evaluate: async ({ table }) => evaluate(lake, find(table)),
    plan: async (request) => plan(lake, find(request.table), request),
    async loadAccess(name) {
      if (find(name).refusesAccess) throw new MoraineError('permission', 'the catalog refuses access')
      return ''
    },
    attemptInput(input, { attempt }) {
      const task = JSON.parse(input) as TaskInput
      return JSON.stringify({ ...task, prefix: attemptPrefix(task, attempt) })
    },
    checkOutput: (input, _attempt, output) => checkOutput(lake, input, output),
    async commit(request) {
      const before = find(request.table).committed.get(request.processId)
      if (before !== undefined) return before
      if (await request.isHeld()) return { kind: 'held' }
      // Others may have committed meanwhile, this process too, or given the table another name.
      const table = find(request.table)
      return table.committed.get(request.processId) ?? commit(lake, table, request)
    },
    async discard({ input, attempt, commit: outcome }) {
      if (lake.dropped.has((JSON.parse(input) as TaskInput).table) && outcome === 'unknown')
        return { kind: 'kept', reason: 'nobody can say what became of a commit to a table that was dropped' }
      assert(outcome !== 'unknown', 'the lake always says whether it committed')
      discard(lake, input, attempt)
      return { kind: 'done' }
    },
  }
}

export function lakeListing(lake: Lake): CatalogListing {
  return {
    listDatabases: async () => [['sim']],
    async listTables(catalog) {
      const tables = [...lake.tables.values()].filter(({ name }) => name.catalog === catalog)
      return tables.map(({ name: { name } }) => ({ name, format: 'ICEBERG' }))
    },
  }
}

function plan(lake: Lake, table: SimulatedTable, { processId, request }: PlanRequest): PlannedWork {
  const asked = [...table.partitions.keys()].filter((each) => request.partitions?.includes(each) ?? true)
  const filesMin = request.type === 'full' ? 2 : SMALL_FILES
  const tasks = asked.flatMap((partition) => planPartition(lake, table, { partition, filesMin, processId }))
  return {
    metadataLocation: locationOf(table),
    baseSnapshotId: snapshotOf(table),
    type: 'minor',
    settings: table.settings,
    finding: { text: `${tasks.length} partitions`, figures: { tasks: tasks.length } },
    plan: JSON.stringify({ version: table.version }),
    tasks,
  }
}

function checkOutput(lake: Lake, input: string, output: string): OutputCheck {
  const { files } = JSON.parse(input) as TaskInput
  const { rows } = JSON.parse(output) as TaskOutput
  const expected = files.reduce((sum, file) => sum + (lake.files.get(file)?.length ?? 0), 0)
  if (rows !== expected) return { kind: 'refused', reason: `${rows} rows instead of ${expected}` }
  const figures = { files: 1, bytes: rows, records: rows, method: 'rewrite', elapsedMs: 1, cpuMs: 1, peakRssBytes: 1 }
  return { kind: 'accepted', figures }
}

function evaluate(lake: Lake, table: SimulatedTable): TableEvaluation {
  const healthy = isHealthy(lake, table)
  const files = [...table.partitions.values()].reduce((sum, each) => sum + each.size, 0)
  return {
    metadataLocation: locationOf(table),
    tableUuid: table.uuid,
    snapshotId: snapshotOf(table),
    settings: table.settings,
    needed: healthy ? undefined : 'minor',
    finding: { text: `${files} files`, figures: { files } },
    health: undefined,
    totals: {
      dataFiles: files,
      dataBytes: 0,
      records: 0,
      positionDeleteFiles: 0,
      equalityDeleteFiles: 0,
      deleteBytes: 0,
    },
    pending: { partitions: 0, files: 0, bytes: 0 },
    reevaluateAt: undefined,
  }
}

type PlannedPartition = {
  readonly partition: string
  /** Fewer small files are left as they are. */
  readonly filesMin: number
  readonly processId: ProcessId
}

function planPartition(
  lake: Lake,
  table: SimulatedTable,
  { partition, filesMin, processId }: PlannedPartition,
): readonly PlannedTask[] {
  const files = smallFiles(lake, table, partition)
  if (files.length < filesMin) return []
  const task: TaskInput = {
    table: table.uuid,
    partition,
    files,
    prefix: `${table.uuid}/${partition}/${processId}`,
  }
  const figures = { inputFiles: files.length, inputBytes: files.length }
  return [
    { partitionKey: partition, partitionPath: partition, method: 'rewrite', ...figures, input: JSON.stringify(task) },
  ]
}

function commit(lake: Lake, table: SimulatedTable, { processId, results }: CommitRequest): CommitReport {
  lake.mutations += 1
  const committed = []
  const refused = []
  for (const { taskId, input, output } of results) {
    const { files, partition } = JSON.parse(input) as TaskInput
    const { file } = JSON.parse(output) as TaskOutput
    const live = filesOf(table, partition)
    if (files.every((each) => live.has(each))) {
      for (const each of files) live.delete(each)
      if (live.has(file)) lake.violations.push(`${file} is committed twice`)
      if (!lake.files.has(file)) lake.violations.push(`${file} was discarded before it was committed`)
      live.add(file)
      lake.committed.add(file)
      committed.push(taskId)
    } else refused.push({ taskId, reason: 'an input is gone' })
  }
  if (committed.length > 0) table.version += 1
  const report: CommitReport = { kind: 'settled', committed, refused, snapshotId: snapshotOf(table) }
  if (committed.length > 0) table.committed.set(processId, report)
  return report
}

function discard(lake: Lake, input: string, { attempt }: AttemptKey): void {
  lake.mutations += 1
  const task = JSON.parse(input) as TaskInput
  const prefix = attemptPrefix(task, attempt)
  const table = [...lake.tables.values()].find(({ uuid }) => uuid === task.table)
  const live = table === undefined ? new Set<string>() : filesOf(table, task.partition)
  for (const file of [...lake.files.keys()].filter((each) => each.startsWith(`${prefix}-`))) {
    if (live.has(file)) lake.violations.push(`live file ${file} is discarded`)
    lake.files.delete(file)
  }
}

function attemptPrefix({ prefix }: TaskInput, attempt: number): string {
  return `${prefix}-${attempt}`
}

function smallFiles(lake: Lake, table: SimulatedTable, partition: string): readonly string[] {
  return [...filesOf(table, partition)].filter((file) => rowsOf(lake, file).length < SMALL_ROWS)
}

function filesOf(table: SimulatedTable, partition: string): Set<string> {
  const known = table.partitions.get(partition)
  if (known !== undefined) return known
  const files = new Set<string>()
  table.partitions.set(partition, files)
  return files
}

function rowsOf(lake: Lake, file: string): readonly number[] {
  const rows = lake.files.get(file)
  assert(rows !== undefined, `file ${file} is gone`)
  return rows
}

function locationOf(table: SimulatedTable): string {
  return `${table.uuid}/v${table.version}`
}

function snapshotOf(table: SimulatedTable): SnapshotId {
  return BigInt(table.version) as SnapshotId
}
