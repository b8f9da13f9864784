import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startOptimizer } from '@moraine/optimizer/start-optimizer'
import { type RunningServer, startServer } from '@moraine/server/compose'
import { optimizingSettings } from '@moraine/server/config/default-settings'
import { type Config, readConfig } from '@moraine/server/config/read-config'
import { MoraineError } from '@moraine/stdx/error'
import { pino } from 'pino'
import { runSampleWriter } from '../sample/sample-writer.ts'
import { watchSample } from '../sample/watch-sample.ts'
import type { CommandContext } from './command-context.ts'
import { MEGABYTES, numberOption, PORTS, THREADS } from './number-option.ts'

export type RawServeOptions = {
  readonly port?: string
  readonly thriftPort?: string
  readonly host?: string
  readonly dataDir?: string
  readonly config?: string
  readonly sample?: boolean
  readonly once?: boolean
  readonly json?: boolean
}

/** The service alone: tables are found in its catalogs, optimizers come by themselves. */
export async function serve(raw: RawServeOptions, context: CommandContext): Promise<void> {
  const { server } = await start(raw, context, false)
  context.note(`moraine listens on ${server.url}, for optimizers on thrift port ${server.thriftPort}`)
  await untilStopped(context.signal)
  await server.stop()
}

/** Service, one local optimizer and, unless told otherwise, a sample lake that is written to all the time. */
export async function startAll(raw: RawServeOptions, context: CommandContext): Promise<void> {
  const { server, dataDir } = await start(raw, context, true)
  context.note(`moraine listens on ${server.url}; its data is in ${dataDir}; Ctrl-C stops it`)
  try {
    if (raw.sample === false) await untilStopped(context.signal)
    else await showSample(server, raw, context)
  } finally {
    await server.stop()
  }
}

async function showSample(server: RunningServer, raw: RawServeOptions, context: CommandContext): Promise<void> {
  const { io } = await server.catalogs(server.catalog.name)
  const writing = new AbortController()
  const writer = runSampleWriter(
    { catalog: server.catalog, io, clock: context.clock, random: context.random },
    AbortSignal.any([context.signal, writing.signal]),
  )
  try {
    const report = await Promise.race([watchSample(server, context, raw.json === true), writer.then(() => undefined)])
    if (raw.once !== true) await writer
    else if (report !== undefined && raw.json === true) context.printJson(report)
  } catch (error) {
    // Whoever asked for the report is told that there is none.
    if (raw.once === true || !context.signal.aborted) throw error
  } finally {
    writing.abort()
    // Its last commit ends before the service does. How it ended was said above, if anybody waited for it.
    await writer.catch(() => undefined)
  }
}

type Started = { readonly server: RunningServer; readonly dataDir: string }

async function start(raw: RawServeOptions, context: CommandContext, withOptimizer: boolean): Promise<Started> {
  const { values, warnings } = await readConfig(raw.config, process.env)
  for (const warning of warnings) context.note(`warning: ${warning}`)
  const log = pino({ level: process.env['MORAINE_LOG_LEVEL'] ?? 'warn' }, pino.destination(2))
  const place = placeOf(raw, values)
  const server = await startServer({
    ...place,
    ...(withOptimizer && { optimizerCommand: (thriftPort: number) => optimizerCommand(place.host, thriftPort) }),
    settings: optimizingSettings(values),
    clock: context.clock,
    random: context.random,
    log,
  })
  return { server, dataDir: place.dataDir }
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

function optimizerCommand(host: string, thriftPort: number): readonly [string, ...string[]] {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const url = `thrift://${reachable(host)}:${thriftPort}`
  return [process.execPath, '--conditions=development', main, 'optimizer', '--url', url, '--leave-with-parent']
}

/** Where a service that listens on `host` is reached from its own machine. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

export type RawOptimizerOptions = {
  readonly url: string
  readonly group?: string
  readonly threads: string
  readonly memory: string
  readonly leaveWithParent?: boolean
}

/** One optimizer in this process, until it is told to stop. */
export async function optimizer(raw: RawOptimizerOptions, context: CommandContext): Promise<void> {
  const { hostname, port } = parseUrl(raw.url)
  const options = {
    host: hostname,
    port: numberOption(`the port of --url ${raw.url}:`, port ?? '1261', PORTS),
    group: raw.group ?? 'default',
    threads: numberOption('--threads', raw.threads, THREADS),
    memoryMb: numberOption('--memory', raw.memory, MEGABYTES),
    clock: context.clock,
    random: context.random,
    log: (message: string) => context.note(`optimizer: ${message}`),
  }
  if (raw.leaveWithParent !== true) return startOptimizer(options, context.signal)
  try {
    await startOptimizer(options, AbortSignal.any([context.signal, endOfInput()]))
  } finally {
    // An open pipe would keep this process alive until the launcher loses patience.
    process.stdin.destroy()
  }
}

// The launcher holds the other end of standard input: it ends with the launcher, even if that was killed.
function endOfInput(): AbortSignal {
  const ended = new AbortController()
  process.stdin.once('end', () => ended.abort()).once('error', () => ended.abort())
  process.stdin.resume()
  return ended.signal
}

function parseUrl(url: string): { readonly hostname: string; readonly port: string | undefined } {
  const match = /^thrift:\/\/([^/:]+|\[[^\]]+\])(?::(\d+))?\/?$/.exec(url)
  if (match?.[1] === undefined) throw new MoraineError('invalid-input', `--url ${url}: write thrift://host:port`)
  return { hostname: match[1].replace(/^\[|\]$/g, ''), port: match[2] }
}

async function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((stopped) => signal.addEventListener('abort', () => stopped(), { once: true }))
}
