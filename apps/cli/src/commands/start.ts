import type { RunningServer } from '@moraine/server/compose'
import type { EpochMs } from '@moraine/stdx/brand'
import { startDeadline } from '@moraine/stdx/deadline'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { humanDuration } from '@moraine/stdx/human-text'
import { reportText, type SampleReport } from '../sample/sample-report-text.ts'
import { runSampleWriter } from '../sample/sample-writer.ts'
import { describeSample, type SampleServer, watchSample } from '../sample/watch-sample.ts'
import type { CommandContext } from './command-context.ts'
import { numberOption } from './number-option.ts'
import { listeningNote, type RawServeOptions, runService, untilStopped, whileRunning } from './serve.ts'

export type RawStartOptions = RawServeOptions & {
  readonly sample?: boolean
  readonly once?: boolean
  readonly timeout?: string
  readonly json?: boolean
}

/** Ten minutes: a sample that goes on slowly has new work for the optimizer every six or so. */
const ONCE_WITHIN_SECONDS = 600

/** Of the optimizer beside it. */
const THREADS_BESIDE = 2

/** Service, one local optimizer and, unless told otherwise, a sample lake that is written to all the time. */
export async function startAll(raw: RawStartOptions, context: CommandContext): Promise<void> {
  // Refused before anything is started.
  const limitMs = onceLimitMs(raw)
  const startedAt = context.clock.now()
  const service = await runService(raw, context, { leastThreads: THREADS_BESIDE })
  const { server } = service
  await whileRunning(server, context, () => {
    context.note(`${listeningNote(service)}; Ctrl-C stops it`)
    if (raw.sample === false) return untilStopped(context.signal)
    return showSample(withCatalog(server), { startedAt, limitMs, asJson: raw.json === true }, context)
  })
}

/** How long `--once` waits; `undefined` without it. */
function onceLimitMs({ once, sample, timeout }: RawStartOptions): number | undefined {
  if (once !== true) {
    if (timeout === undefined) return undefined
    throw new MoraineError('invalid-input', '--timeout is how long --once waits: give both, or neither')
  }
  if (sample === false)
    throw new MoraineError(
      'invalid-input',
      '--once waits for the sample table to be optimized, and with --no-sample there is none: leave one of them out',
    )
  const seconds = numberOption('--timeout', timeout ?? String(ONCE_WITHIN_SECONDS), { min: 1, max: 86_400 })
  return seconds * 1000
}

type ShowOptions = {
  /** Optimizing that was committed before is that of an earlier start. */
  readonly startedAt: EpochMs
  /** The report is all that is wanted, within this; `undefined` to go on. */
  readonly limitMs: number | undefined
  readonly asJson: boolean
}

function withCatalog(server: RunningServer): SampleServer {
  const { catalog } = server
  if (catalog !== undefined) return { ...server, catalog }
  throw new MoraineError(
    'invalid-input',
    'where several servers share the database (ha.enabled) none has a catalog of its own for the sample: leave it out (--no-sample)',
  )
}

async function showSample(server: SampleServer, options: ShowOptions, context: CommandContext): Promise<void> {
  const { limitMs, asJson } = options
  const found = await describeSample(server, options.startedAt, context.signal)
  if (found !== undefined) context.note(found)
  const { io } = await server.catalogs(server.catalog.name)
  const writing = new AbortController()
  const writer = runSampleWriter(
    { catalog: server.catalog, io, clock: context.clock, random: context.random },
    AbortSignal.any([context.signal, writing.signal]),
  )
  try {
    const report = await Promise.race([reportWithin(server, options, context), writer.then(() => undefined)])
    if (report !== undefined && asJson) context.printJson(report)
    if (report !== undefined && !asJson) context.print(reportText(report))
    if (limitMs === undefined) await writer
  } catch (error) {
    // Whoever asked for the report is told that there is none.
    if (limitMs !== undefined || !context.signal.aborted) throw error
  } finally {
    writing.abort()
    // Its last commit ends before the service does. How it ended was said above, if anybody waited for it.
    await writer.catch(() => undefined)
  }
}

async function reportWithin(
  server: SampleServer,
  { startedAt, limitMs }: ShowOptions,
  context: CommandContext,
): Promise<SampleReport> {
  const progress = { waitsFor: 'the service' }
  if (limitMs === undefined) return watchSample(server, startedAt, context, progress)
  const deadline = startDeadline(context.clock, { ms: limitMs, what: 'start --once', signal: context.signal })
  try {
    return await watchSample(server, startedAt, { ...context, signal: deadline.signal }, progress)
  } catch (error) {
    if (!deadline.signal.aborted || !isKind(deadline.signal.reason, 'timeout')) throw error
    throw new MoraineError(
      'timeout',
      `start --once waited ${humanDuration(limitMs)} for ${progress.waitsFor}; the lines above may say why it takes so long; give it more with --timeout`,
    )
  } finally {
    deadline.end()
  }
}
