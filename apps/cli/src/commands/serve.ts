import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startOptimizer } from '@moraine/optimizer/start-optimizer'
import { parseThriftAddresses } from '@moraine/optimizer/thrift-address'
import { type RunningServer, startServer } from '@moraine/server/compose'
import { serviceSettings } from '@moraine/server/config/default-settings'
import { type Config, readConfig } from '@moraine/server/config/read-config'
import { pino } from 'pino'
import type { CommandContext } from './command-context.ts'
import { MEGABYTES, numberOption, PORTS, THREADS } from './number-option.ts'

export type RawServeOptions = {
  readonly port?: string
  readonly thriftPort?: string
  readonly host?: string
  readonly dataDir?: string
  readonly config?: string
}

/** The service alone: tables are found in its catalogs, optimizers come by themselves. */
export async function serve(raw: RawServeOptions, context: CommandContext): Promise<void> {
  const service = await runService(raw, context)
  await whileRunning(service.server, context, () => {
    context.note(listeningNote(service))
    return untilStopped(context.signal)
  })
}

export type RunningService = { readonly server: RunningServer; readonly dataDir: string }

/** Starts the service where options and configuration say, with at least so many threads beside it as are given. */
export async function runService(
  raw: RawServeOptions,
  context: CommandContext,
  least: { readonly leastThreads?: number } = {},
): Promise<RunningService> {
  const { values, containers, warnings } = await readConfig(raw.config, process.env)
  for (const warning of warnings) context.note(`warning: ${warning}`)
  const log = pino({ level: process.env['MORAINE_LOG_LEVEL'] ?? 'warn' }, pino.destination(2))
  const place = placeOf(raw, values)
  const options = {
    ...place,
    ...least,
    optimizerCommand,
    ...dashboardPlace(),
    settings: serviceSettings(values, containers),
    clock: context.clock,
    random: context.random,
    log,
  }
  const server = await startServer(options, context.signal)
  if (server.firstCredential !== undefined) context.note(firstCredentialNote(server.firstCredential))
  return { server, dataDir: place.dataDir }
}

/** The build of the dashboard beside the program, which a checkout makes before it starts. */
function dashboardPlace(): { readonly dashboardDir?: string } {
  const dashboardDir = fileURLToPath(new URL('../../../web/dist', import.meta.url))
  return existsSync(dashboardDir) ? { dashboardDir } : {}
}

/** Where it is reached, and where its data is: ports may have been left to the system. */
export function listeningNote({ server, dataDir }: RunningService): string {
  const { url, thriftPort } = server
  return `moraine listens on ${url}, for optimizers on thrift port ${thriftPort}${withTls(server)}; its data is in ${dataDir}`
}

function firstCredentialNote(credential: string): string {
  return `requests have to say who sends them. The credential of the administrator, shown this once: ${credential}`
}

/** The command line wins over the configuration. */
function placeOf(raw: RawServeOptions, values: Config['values']) {
  return {
    dataDir: resolve(raw.dataDir ?? values.dataDir),
    host: raw.host ?? values.host,
    httpPort: raw.port === undefined ? values.httpPort : numberOption('--port', raw.port, PORTS),
    thriftPort: raw.thriftPort === undefined ? values.thriftPort : numberOption('--thrift-port', raw.thriftPort, PORTS),
  }
}

/** The address, which is for a name that is in the certificate; without TLS the port says enough. */
function withTls({ thriftUrl }: RunningServer): string {
  return thriftUrl.startsWith('thrifts:') ? ` with TLS (${thriftUrl})` : ''
}

function optimizerCommand(service: {
  readonly url: string
  readonly caFile: string | undefined
}): readonly [string, ...string[]] {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const { url, caFile } = service
  const trust = caFile === undefined ? [] : ['--ca-file', caFile]
  return [
    process.execPath,
    '--conditions=development',
    main,
    'optimizer',
    '--url',
    url,
    ...trust,
    '--leave-with-parent',
  ]
}

export type RawOptimizerOptions = {
  readonly url: string
  readonly caFile?: string
  readonly group?: string
  readonly threads: string
  readonly memory: string
  readonly leaveWithParent?: boolean
}

/** One optimizer in this process, until it is told to stop. */
export async function optimizer(raw: RawOptimizerOptions, context: CommandContext): Promise<void> {
  const group = raw.group ?? 'default'
  const options = {
    servers: parseThriftAddresses(raw.url),
    ...(raw.caFile !== undefined && { caFile: raw.caFile }),
    group,
    threads: numberOption('--threads', raw.threads, THREADS),
    memoryMb: numberOption('--memory', raw.memory, MEGABYTES),
    clock: context.clock,
    random: context.random,
    ...namedLines(group, context),
  }
  if (raw.leaveWithParent !== true) return startOptimizer(options, context.signal)
  try {
    await startOptimizer(options, AbortSignal.any([context.signal, endOfInput()]))
  } finally {
    // An open pipe would keep this process alive until the launcher loses patience.
    process.stdin.destroy()
  }
}

/** Lines of several optimizers come together in one terminal: each says whose it is. */
function namedLines(group: string, { note }: CommandContext) {
  let name = group
  return {
    log: (message: string) => note(`optimizer ${name}: ${message}`),
    onRegistered: (optimizerId: string | undefined) => {
      name = optimizerId === undefined ? group : `${group}/${optimizerId}`
    },
  }
}

// The launcher holds the other end of standard input: it ends with the launcher, even if that was killed.
function endOfInput(): AbortSignal {
  const ended = new AbortController()
  process.stdin.once('end', () => ended.abort()).once('error', () => ended.abort())
  process.stdin.resume()
  return ended.signal
}

/** Stops the service once the work has ended. If that is because it was told to stop, this is said, and when it has. */
export async function whileRunning(
  server: RunningServer,
  { signal, note }: CommandContext,
  work: () => Promise<void>,
): Promise<void> {
  const onStop = () => note('moraine is stopping; what runs may end first (again Ctrl-C: at once)')
  signal.addEventListener('abort', onStop, { once: true })
  if (signal.aborted) onStop()
  const lost = server.lost.then((reason) => Promise.reject(reason))
  try {
    await Promise.race([work(), lost])
  } finally {
    await server.stop()
    if (signal.aborted) note('moraine has stopped')
  }
}

export async function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((stopped) => signal.addEventListener('abort', () => stopped(), { once: true }))
}
