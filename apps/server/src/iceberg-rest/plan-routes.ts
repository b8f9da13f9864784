import type { LoadedTable } from '@moraine/catalogs/catalog'
import { noSuchTable } from '@moraine/catalogs/catalog-error'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { planFiles } from '@moraine/iceberg/scan/plan-files'
import { cutRange, type ScanRange, wholeRange } from '@moraine/iceberg/scan/scan-range'
import { type OpenScan, openScan } from '@moraine/iceberg/scan/scan-sections'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { JsonObject } from '@moraine/stdx/exact-json'
import { type JsonDecoder, record, required, text } from '@moraine/stdx/exact-json-decode'
import type { FileIO } from '@moraine/storage/file-io'
import { tableFileIO } from '../access/table-file-io.ts'
import { formatPlanToken, type PlanToken, parsePlanToken, tableKey } from './plan-token.ts'
import { bodyOf, identifierOf, NO_CONTENT, ok, type RestAnswer, type RestCall, type RestRoute } from './rest-route.ts'
import { encodeScanTasks } from './scan-answer.ts'
import { decodeScanRequest, type PinnedRequest, pinScan } from './scan-request.ts'

const ONE = '/v1/{prefix}/namespaces/{namespace}/tables/{table}'

/**
 * Scan planning for clients. Plans are complete at once: a small one is answered whole, a large one as plan tasks, for
 * which only the manifest list has been read.
 */
export const PLAN_ROUTES: readonly RestRoute[] = [
  { method: 'POST', path: `${ONE}/plan`, needs: 'view-table', isRead: true, answer: planTableScan },
  { method: 'GET', path: `${ONE}/plan/{plan-id}`, needs: 'view-table', isRead: true, answer: fetchPlan },
  { method: 'DELETE', path: `${ONE}/plan/{plan-id}`, needs: 'view-table', isRead: true, answer: cancelPlan },
  { method: 'POST', path: `${ONE}/tasks`, needs: 'view-table', isRead: true, answer: fetchTasks },
]

/** A plan of no more entries of manifests is answered whole: one request, a megabyte of JSON or less without figures. */
const ENTRIES_AT_ONCE = 2_000
/** Larger ones are cut into parts of so many: few enough to bound the answer, and to read a manifest only a few times. */
const ENTRIES_PER_TASK = 10_000
/** Plan tasks in one answer; each repeats the filter. */
const TASKS_PER_ANSWER = 100
/** What fits into a path beside the table's name. */
const PLAN_ID_LENGTH_MAX = 1_000

async function planTableScan(call: RestCall): Promise<RestAnswer> {
  const request = bodyOf(call, decodeScanRequest)
  const table = await call.catalog.loadTable(identifierOf(call), call.signal)
  const { metadata } = table
  const planned = { pinned: pinScan(metadata, request), plan: call.planning.nextPlan() }
  return ok({
    status: 'completed',
    'plan-id': planIdOf(metadata, planned),
    ...(await answerRange(call, table, planned)),
  })
}

async function fetchPlan(call: RestCall): Promise<RestAnswer> {
  const token = planIdToken(call)
  const table = await call.catalog.loadTable(identifierOf(call), call.signal)
  const planned = pinToken(token, table.metadata)
  if (planned === undefined) throw noSuchPlan()
  if (call.planning.isCancelled(token.plan)) return ok({ status: 'cancelled' })
  return ok({ status: 'completed', ...(await answerRange(call, table, planned)) })
}

/** There is no work to give up: a plan is made by the time its id is known. But its id and its tasks are good no more. */
async function cancelPlan(call: RestCall): Promise<RestAnswer> {
  const { plan } = planIdToken(call)
  const identifier = identifierOf(call)
  if ((await call.catalog.findMetadataLocation(identifier, call.signal)) === undefined) throw noSuchTable(identifier)
  if (plan !== undefined) call.planning.cancel(plan)
  return NO_CONTENT
}

async function fetchTasks(call: RestCall): Promise<RestAnswer> {
  const { planTask } = bodyOf(call, decodeFetchTasks)
  const token = parsePlanToken(planTask)
  if (token?.range === undefined || call.planning.isCancelled(token.plan)) throw noSuchTask()
  const table = await call.catalog.loadTable(identifierOf(call), call.signal)
  const planned = pinToken(token, table.metadata)
  if (planned === undefined) throw noSuchTask()
  return ok(await answerRange(call, table, planned, token.range))
}

/** `FetchScanTasksRequest` */
const decodeFetchTasks: JsonDecoder<{ readonly planTask: string }> = (value, place) => ({
  planTask: required(record(value, place), 'plan-task', text),
})

type Planned = { readonly pinned: PinnedRequest; readonly plan: string | undefined }

/** The files of a part of a plan, the whole one by default, or the plan tasks into which it is cut. */
async function answerRange(
  call: RestCall,
  table: LoadedTable,
  planned: Planned,
  range?: ScanRange,
): Promise<JsonObject> {
  const { metadata } = table
  const { pinned } = planned
  const io = readerOf(call, table)
  const plan = async () => {
    const open = await foundFiles(openScan(io, pinned.scan, call.signal))
    const whole = wholeRange(open.sections)
    const asked = range ?? whole
    if (asked.to > whole.to) throw noSuchTask()
    const atOnce = range === undefined ? ENTRIES_AT_ONCE : ENTRIES_PER_TASK
    if (cutRange(open.sections, asked, atOnce, TASKS_PER_ANSWER).length > 1) {
      return { 'plan-tasks': tasksOf(metadata, planned, open, asked) }
    }
    // Zero would be a plan without files for whoever leaves the hint at that.
    const enoughRows = pinned.request.enoughRows === 0n ? undefined : pinned.request.enoughRows
    const files = await foundFiles(planFiles(io, open, asked, { enoughRows, signal: call.signal }))
    return encodeScanTasks(metadata, files, pinned.statistics)
  }
  // A catalog whose store does not answer leaves a turn to the others.
  return call.planning.turns.run(plan, { owner: `plans of ${call.catalog.name}`, signal: call.signal })
}

function tasksOf(
  metadata: TableMetadata,
  { pinned: { request }, plan }: Planned,
  { sections }: OpenScan,
  range: ScanRange,
): readonly string[] {
  const parts = cutRange(sections, range, ENTRIES_PER_TASK, TASKS_PER_ANSWER)
  return parts.map((part) => formatPlanToken({ ...tokenOf(metadata, plan), request, range: part }))
}

/** A file that is missing below a table is damage; as `not-found` it would tell clients that there is no table. */
async function foundFiles<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    throw isKind(error, 'not-found') ? new MoraineError('corrupt', error.message, { cause: error }) : error
  }
}

function planIdOf(metadata: TableMetadata, { pinned: { request, scan }, plan }: Planned): string {
  const token = tokenOf(metadata, plan)
  const id = scan.scope.kind === 'nothing' ? undefined : formatPlanToken({ ...token, request })
  return id === undefined || id.length > PLAN_ID_LENGTH_MAX ? formatPlanToken(token) : id
}

function tokenOf(metadata: TableMetadata, plan: string | undefined): PlanToken {
  return { table: tableKey(metadata), ...(plan !== undefined && { plan }) }
}

/** The request of a token, as far as the table still has what it is about. */
function pinToken({ table, plan, request }: PlanToken, metadata: TableMetadata): Planned | undefined {
  if (request === undefined || table !== tableKey(metadata)) return undefined
  try {
    return { pinned: pinScan(metadata, request), plan }
  } catch (error) {
    // It was right once: snapshots have expired since, or somebody else wrote it.
    if (isKind(error, 'invalid-input') || isKind(error, 'not-found') || isKind(error, 'unsupported')) return undefined
    throw error
  }
}

function planIdToken(call: RestCall): PlanToken {
  const token = parsePlanToken(call.params['plan_id'] ?? '')
  if (token === undefined || token.range !== undefined) throw noSuchPlan()
  return token
}

function readerOf({ ioOf, placement }: RestCall, table: LoadedTable): FileIO {
  const io = ioOf(table)
  return placement.allowsExternal ? io : tableFileIO(io, table.metadata)
}

function noSuchPlan(): MoraineError {
  return new MoraineError('not-found', 'there is no such plan of this table; plan the scan again', {
    context: { entity: 'plan-id' },
  })
}

function noSuchTask(): MoraineError {
  return new MoraineError('not-found', 'there is no such plan task of this table; plan the scan again', {
    context: { entity: 'plan-task' },
  })
}
