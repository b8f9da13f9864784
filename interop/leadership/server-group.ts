import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerSettings } from '@moraine/persistence/server/server-settings'
import { must } from '@moraine/stdx/assert'
import { freePort } from '@moraine/testkit/free-port'
import type { LabDatabase } from '../database/lab-database.ts'
import { type Leashed, startLeashed } from '../lab/leashed.ts'
import { untilAnswered } from '../lab/moraine.ts'

/** Servers that share a database and agree on who leads, each a process of its own. */
export type ServerGroup = {
  /** For catalogs: all servers are on this machine. */
  readonly warehouse: string
  start(): Promise<GroupServer>
  /** How one is started, for those that shall not. */
  prepare(): Promise<{ readonly args: readonly string[]; readonly variables: Readonly<Record<string, string>> }>
  /** Waits until one of these leads, and no other does. */
  findLeader(servers: readonly GroupServer[], signal: AbortSignal): Promise<GroupServer>
  remove(): void
}

export type GroupServer = {
  readonly url: string
  readonly thriftUrl: string
  readonly process: Leashed
  /** Of the service itself, not of whatever started it. */
  pid(): Promise<number>
  /** `LEADER`, `FOLLOWER`, or nothing from one that does not answer. */
  state(): Promise<string | undefined>
}

/** @param others settings besides those of the database */
export async function serverGroup(
  lab: LabDatabase,
  others: Readonly<Record<string, string>> = {},
): Promise<ServerGroup> {
  const home = mkdtempSync(join(tmpdir(), 'moraine-servers-'))
  const settingsOfDatabase = await lab.create()
  const { host, port, database, user, password } = settingsOfDatabase
  const scheme = lab.engine === 'postgres' ? 'postgresql' : 'mysql'
  const variables = { MORAINE_SECRET_KEY: randomBytes(32).toString('base64'), MORAINE_LOG_LEVEL: 'info' }
  const running: Leashed[] = []
  let prepared = 0
  const prepare = async () => {
    prepared += 1
    const place = join(home, `server-${prepared}`)
    const config = join(home, `server-${prepared}.yaml`)
    const ams = {
      'ha.enabled': true,
      'database.type': lab.engine,
      'database.url': `jdbc:${scheme}://${host}:${port}/${database}`,
      'database.username': user,
      'database.password': password,
      'http-server.bind-port': 0,
      'thrift-server.optimizing-service.bind-port': await freePort(),
      'thrift-server.table-service.bind-port': 0,
      ...others,
    }
    writeFileSync(config, JSON.stringify({ ams }))
    return { args: ['serve', '--config', config, '--data-dir', place], variables }
  }
  return {
    warehouse: join(home, 'warehouse'),
    prepare,
    async start() {
      const { args } = await prepare()
      const started = startLeashed('bin/moraine', args, variables)
      running.push(started)
      const line = await started.line(/moraine listens on/)
      const [, url = '', thriftPort = ''] = /listens on (\S+), for optimizers on thrift port (\d+)/.exec(line) ?? []
      const pid = () => pidOf(lab, settingsOfDatabase, url)
      return { url, thriftUrl: `thrift://127.0.0.1:${thriftPort}`, process: started, pid, state: () => stateOf(url) }
    },
    findLeader(servers, signal) {
      return untilAnswered(async () => {
        const states = await Promise.all(servers.map((server) => server.state()))
        const leaders = servers.filter((_, at) => states[at] === 'LEADER')
        assert.ok(leaders.length <= 1, `${leaders.length} servers say that they lead`)
        return leaders[0]
      }, signal)
    },
    remove() {
      for (const each of running) each.kill()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

async function stateOf(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/api/ams/v1/health/status`, { signal: AbortSignal.timeout(1000) })
    return ((await answer.json()) as { result: { ams_ha_state: string } }).result.ams_ha_state
  } catch {
    return undefined
  }
}

/** As it told the others in the database. */
async function pidOf(lab: LabDatabase, settings: ServerSettings, url: string): Promise<number> {
  const rows = (await lab.run(settings, "select address from lease where name like 'node/%'")) as { address: string }[]
  const told = rows.map(({ address }) => JSON.parse(address) as { url?: string; pid?: number })
  return must(told.find((each) => each.url === url)?.pid, `process of ${url}`)
}
