import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { descendants } from '@moraine/cli/testing/process-tree'
import type { ServerSettings } from '@moraine/persistence/server/server-settings'
import { freePort } from '@moraine/testkit/free-port'
import type { LabDatabase } from '../database/lab-database.ts'
import { type Leashed, startLeashed } from '../lab/leashed.ts'
import { type SilentProxy, startSilentProxy } from '../leadership/silent-proxy.ts'

/** The processes of a service: servers of one database, and optimizers. Each can be ended and started again, or stopped. */
export type Crew = {
  /** For catalogs: all are on this machine. */
  readonly warehouse: string
  readonly database: ServerSettings
  readonly servers: readonly ChaosServer[]
  readonly optimizers: readonly Member[]
  /** What each process logged, from its first start to its last. */
  logs(): readonly MemberLog[]
  remove(): Promise<void>
}

export type MemberLog = { readonly name: string; readonly lines: readonly string[] }

/** A process that comes back as it was. */
export type Member = {
  readonly name: string
  /** Of the process that does the work; `undefined` if it is not there. */
  pid(): number | undefined
  /** Of whatever it started. */
  children(): readonly number[]
  /** Only if it is not there. From now on it is started again whenever it ends, as by whatever runs services. */
  start(): void
  /** `kill -9`, its children too; it stays away until it is started. Whether it was there. */
  kill(): boolean
  /** Asks it to end; its exit code. */
  stop(): Promise<number>
}

export type ChaosServer = Member & {
  readonly url: string
  /** What it reaches the database through. */
  readonly toDatabase: SilentProxy
  /** What its clients reach it through. */
  readonly fromClients: SilentProxy
}

export type CrewSize = { readonly servers: number; readonly optimizers: number }

/** As a user would start them, but for patience: what takes minutes by default takes seconds. */
const SETTINGS = {
  'ha.enabled': true,
  'thrift-server.table-service.bind-port': 0,
  'refresh-external-catalogs.interval': '20s',
  'refresh-tables.interval': '10s',
  'refresh-tables.max-interval': '30s',
  'optimizer.heart-beat-timeout': '15s',
  'optimizer.task-ack-timeout': '10s',
  'database.statement-timeout': '10s',
  'database.connection-pool-max-wait-millis': 10_000,
}

export async function startCrew(lab: LabDatabase, size: CrewSize): Promise<Crew> {
  const home = mkdtempSync(join(tmpdir(), 'moraine-chaos-'))
  const database = await lab.create()
  const variables = { MORAINE_SECRET_KEY: randomBytes(32).toString('base64'), MORAINE_LOG_LEVEL: 'info' }
  const logs: MemberLog[] = []
  const servers: ChaosServer[] = []
  const thriftPorts: number[] = []
  for (let at = 0; at < size.servers; at += 1) {
    const [port, thriftPort] = [await freePort(), await freePort()]
    thriftPorts.push(thriftPort)
    const toDatabase = await startSilentProxy(database.port)
    const config = join(home, `server-${at}.yaml`)
    writeFileSync(
      config,
      JSON.stringify({ ams: { ...SETTINGS, ...addresses(database, toDatabase, port, thriftPort) } }),
    )
    const args = ['serve', '--config', config, '--data-dir', join(home, `server-${at}`)]
    servers.push({
      ...member({ name: `server ${at}`, args, variables, logs }),
      url: `http://127.0.0.1:${port}`,
      toDatabase,
      fromClients: await startSilentProxy(port),
    })
  }
  const thrift = thriftPorts.map((port) => `127.0.0.1:${port}`).join(',')
  const optimizers = Array.from({ length: size.optimizers }, (_, at) => {
    const args = ['optimizer', '--url', `thrift://${thrift}`, '--threads', '1']
    return member({ name: `optimizer ${at}`, args, variables: {}, logs })
  })
  for (const each of [...servers, ...optimizers]) each.start()
  return {
    warehouse: join(home, 'warehouse'),
    database,
    servers,
    optimizers,
    logs: () => logs,
    async remove() {
      for (const each of [...servers, ...optimizers]) each.kill()
      for (const { toDatabase, fromClients } of servers) {
        await toDatabase.close()
        await fromClients.close()
      }
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    },
  }
}

function addresses(database: ServerSettings, proxy: SilentProxy, port: number, thriftPort: number) {
  return {
    'database.type': 'postgres',
    'database.url': `jdbc:postgresql://${proxy.address}/${database.database}`,
    'database.username': database.user,
    'database.password': database.password,
    'http-server.bind-port': port,
    'thrift-server.optimizing-service.bind-port': thriftPort,
  }
}

type MemberOptions = {
  readonly name: string
  readonly args: readonly string[]
  readonly variables: Readonly<Record<string, string>>
  readonly logs: MemberLog[]
}

function member({ name, args, variables, logs }: MemberOptions): Member {
  let running: Leashed | undefined
  let staysAway = false
  // Without the shell and the script between, so that what is killed is the process itself.
  const command = ['--conditions=development', 'apps/cli/src/main.ts', ...args]
  const below = () => (running?.pid === undefined ? [] : descendants(running.pid))
  const pid = () => below().find((each) => each.command.includes(' apps/cli/src/main.ts '))?.pid
  const start = () => {
    staysAway = false
    if (running !== undefined) return
    const started = startLeashed(process.execPath, command, variables)
    running = started
    logs.push({ name, lines: started.lines() })
    void started.ended.then(() => {
      if (running !== started) return
      running = undefined
      if (!staysAway) start()
    })
  }
  return {
    name,
    pid,
    children() {
      const main = pid()
      return main === undefined ? [] : descendants(main).map((each) => each.pid)
    },
    start,
    kill() {
      staysAway = true
      const wasThere = running !== undefined
      running?.kill()
      running = undefined
      return wasThere
    },
    async stop() {
      staysAway = true
      return (await running?.stop())?.code ?? 0
    },
  }
}
