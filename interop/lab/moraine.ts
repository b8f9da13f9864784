import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestedType } from '@moraine/maintenance/plan/evaluate-partition'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { type JsonRecord, listOf, record, required, text } from '@moraine/stdx/exact-json-decode'
import { type Ended, type Leashed, runLeashed, startLeashed } from './leashed.ts'

/** What `moraine table optimize --json` said. */
export type OptimizeRun = {
  readonly code: number
  /** `committed`, `nothing`, `unknown`, `nothing to do`, or `gave up` if others committed at each of many attempts. */
  readonly outcome: string
  /** Why groups that were rewritten are not in the table. */
  readonly failures: readonly string[]
}

/** Runs `moraine` of this checkout, as a user does. */
export function moraine(args: readonly string[], signal?: AbortSignal): Promise<Ended> {
  return runLeashed('bin/moraine', args, signal)
}

/** Optimizes one table. Fails if the command ended without saying what became of it. */
export async function optimizeTable(table: string, type: RequestedType, signal?: AbortSignal): Promise<OptimizeRun> {
  const { code, stdout, stderr } = await moraine(['table', 'optimize', table, '--type', type, '--json'], signal)
  if (stdout === '' && /during each of \d+ attempts to commit/.test(stderr)) {
    return { code, outcome: 'gave up', failures: [stderr.trim()] }
  }
  assert.notEqual(stdout, '', `no report, exit code ${code}: ${stderr}`)
  const report = record(parseExactJson(stdout, 'report'), { document: 'report', kind: 'corrupt' })
  const reasonOf = (failure: JsonRecord) => required(failure, 'reason', text)
  return {
    code,
    outcome: required(report, 'outcome', text),
    failures: required(report, 'failures', listOf(record)).map(reasonOf),
  }
}

/** The service and one optimizer, as processes of their own. */
export type MoraineService = {
  readonly url: string
  /** Has a table optimized now; `false` while a process of it runs. */
  requestOptimizing(table: ServiceTable, type: RequestedType): Promise<boolean>
  listProcesses(table: ServiceTable): Promise<readonly ServiceProcess[]>
  /** The table's processes, once none is wanted, planned or open; at `snapshotId` if one is given, so that none will follow. */
  findSettled(table: ServiceTable, snapshotId?: bigint): Promise<readonly ServiceProcess[] | undefined>
  /** What can be said of a table that does not come on: its explanation, its processes, the last words of service and optimizer. */
  describe(table: ServiceTable): Promise<string>
  /** Ends both; fails if one of them did not end well. */
  stop(): Promise<void>
  kill(): void
}

export type ServiceTable = { readonly catalog: string; readonly db: string; readonly table: string }
export type ServiceProcess = {
  readonly processId: string
  readonly failReason: string | null
  readonly state: { readonly status: string }
}

type Verdict = { readonly phase: string; readonly snapshotId: string | null }

/** @param credential `name:password` of an administrator, where the service asks who is there. */
export async function startService(dataDir: string, credential?: string): Promise<MoraineService> {
  const serve = ['serve', '--port', '0', '--thrift-port', '0', '--data-dir', dataDir]
  const service = startLeashed('bin/moraine', serve)
  const [, url = '', thriftPort = ''] =
    /listens on (\S+), for optimizers on thrift port (\d+)/.exec(await service.line(/listens on/)) ?? []
  const optimizer = startLeashed('bin/moraine', ['optimizer', '--url', `thrift://127.0.0.1:${thriftPort}`], {
    ...(credential === undefined ? {} : { MORAINE_GROUP_SECRET: await groupSecret(url, credential) }),
  })
  await optimizer.line(/registered in group default/)
  const under = ({ catalog, db, table }: ServiceTable) =>
    `${url}/api/ams/v1/tables/catalogs/${catalog}/dbs/${db}/tables/${table}`
  const listProcesses = async (table: ServiceTable): Promise<readonly ServiceProcess[]> => {
    const response = await fetch(`${under(table)}/optimizing-processes?pageSize=500`)
    if (response.status === 404) return [] // not found yet
    assert.equal(response.status, 200, await response.clone().text())
    const body = (await response.json()) as { result: { list: ServiceProcess[] } }
    return body.result.list
  }
  return {
    url,
    listProcesses,
    async findSettled(table, snapshotId) {
      const body = (await (await fetch(`${under(table)}/verdict`)).json()) as { result: Verdict }
      const isSeen = snapshotId === undefined || body.result.snapshotId === String(snapshotId)
      return body.result.phase === 'idle' && isSeen ? listProcesses(table) : undefined
    },
    async requestOptimizing(table, type) {
      const body = JSON.stringify({ type })
      const headers = { 'content-type': 'application/json' }
      const { status } = await fetch(`${under(table)}/optimize`, { method: 'POST', headers, body })
      assert.ok([200, 404, 409].includes(status), `answered ${status}`) // 404: it has not found the table yet
      return status === 200
    },
    async describe(table) {
      const said = ['explain', 'optimizing-processes?pageSize=5'].map(async (view) => {
        const answer = await fetch(`${under(table)}/${view}`, { signal: AbortSignal.timeout(DESCRIBE_MS) })
        return answer.text()
      })
      const views = await Promise.allSettled(said)
      const logs = [service, optimizer].map((each) => each.lines().slice(-LOG_LINES).join('\n'))
      return [...views.map((view) => (view.status === 'fulfilled' ? view.value : String(view.reason))), ...logs].join(
        '\n',
      )
    },
    async stop() {
      await stopWell(optimizer)
      await stopWell(service)
    },
    kill() {
      optimizer.kill()
      service.kill()
    },
  }
}

const DESCRIBE_MS = 5000
const LOG_LINES = 60

async function groupSecret(url: string, credential: string): Promise<string> {
  const asking = { MORAINE_SERVER: url, MORAINE_CREDENTIAL: credential }
  const command = ['group', 'command', 'default', '--json']
  const { stdout, stderr } = await runLeashed('bin/moraine', command, undefined, asking)
  assert.notEqual(stdout, '', stderr)
  const { environment } = JSON.parse(stdout) as { environment: { MORAINE_GROUP_SECRET: string } }
  return environment.MORAINE_GROUP_SECRET
}

/** Asks until there is an answer. */
export async function untilAnswered<T>(ask: () => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await sleep(300, undefined, { signal })
  }
}

async function stopWell(leashed: Leashed): Promise<void> {
  const { code } = await leashed.stop()
  assert.equal(code, 0, leashed.lines().join('\n'))
}
