import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { describeError } from '@moraine/stdx/error'
import type { Log } from '../service/log.ts'
import type { Service } from '../service/service.ts'

/**
 * Looks at the state and does what it asks for. Takes no input but hints: `keys` names things that changed, `all` asks
 * for everything. Running it once too often does no harm; a lost hint is made good by the next look at everything.
 */
export type Reconcile<Key> = (work: Work<Key>, signal: AbortSignal) => Promise<RunEnd>

export type Work<Key> = { readonly all: boolean; readonly keys: ReadonlySet<Key> }

/** `nextAt`: there is something to do then, before the timer comes round; the run then has no hints. */
export type RunEnd = { readonly nextAt?: EpochMs | undefined }

export type LastRun = {
  readonly at: EpochMs
  readonly elapsedMs: number
  /** Why it failed; it is run again. */
  readonly failure: string | undefined
}

export interface Reconciler<Key> extends Service {
  nudge(key?: Key): void
  lastRun(): LastRun | undefined
}

export type ReconcilerOptions<Key> = {
  readonly name: string
  /** Everything is looked at this often. */
  readonly intervalMs: number
  readonly clock: Clock
  readonly log: Log
  readonly run: Reconcile<Key>
  /** Waits for what `run` left in flight. */
  readonly drain?: () => Promise<void>
}

// A reason of its own spares the making of an exception at every nudge.
const WOKEN = new Error('woken')

/** A moment named in the past must not keep the processor busy. */
const SHORTEST_SLEEP_MS = 5

/** The pause after a failure. */
const RETRY_MS = 1000

/** One run at a time, on a timer and on a nudge. A nudge during a run causes another. */
export function reconciler<Key>(options: ReconcilerOptions<Key>): Reconciler<Key> {
  const looks: Looks<Key> = { all: true, keys: new Set(), nap: undefined, last: undefined }
  const stopper = new AbortController()
  let loop: Promise<void> | undefined
  return {
    name: options.name,
    async start(signal) {
      if (signal.aborted) stopper.abort()
      // Forwarded by hand: Node keeps a combined signal alive for as long as somebody listens to it.
      else signal.addEventListener('abort', () => stopper.abort(), { once: true, signal: stopper.signal })
      loop ??= runForever(options, looks, stopper.signal)
    },
    async stop() {
      stopper.abort()
      await loop
      await options.drain?.()
    },
    nudge(key) {
      if (key === undefined) looks.all = true
      else looks.keys.add(key)
      looks.nap?.abort(WOKEN)
    },
    lastRun: () => looks.last,
  }
}

/** What the next run is to look at, and what became of the last. */
type Looks<Key> = {
  all: boolean
  keys: Set<Key>
  /** Ends the sleep before the next run; `undefined` during one. */
  nap: AbortController | undefined
  last: LastRun | undefined
}

async function runForever<Key>(options: ReconcilerOptions<Key>, looks: Looks<Key>, signal: AbortSignal) {
  const { name, clock, log, intervalMs } = options
  signal.addEventListener('abort', () => looks.nap?.abort(WOKEN), { once: true })
  // Not by the wall clock: one that is set back would make the interval longer by as much.
  let everythingAt = clock.monotonicMs() + intervalMs
  while (!signal.aborted) {
    const end = await runOnce(options, looks, signal)
    if (signal.aborted) return
    if ('failure' in end) {
      log.error({ reconciler: name, failure: end.failure }, 'a reconciler failed and will run again')
      looks.all = true
      await sleep(looks, clock, RETRY_MS)
      continue
    }
    const leftMs = everythingAt - clock.monotonicMs()
    const untilNextMs = end.nextAt === undefined ? leftMs : Math.min(end.nextAt - clock.now(), leftMs)
    if (!looks.all && looks.keys.size === 0) await sleep(looks, clock, untilNextMs)
    if (clock.monotonicMs() < everythingAt) continue
    looks.all = true
    everythingAt = clock.monotonicMs() + intervalMs
  }
}

type Failed = { readonly failure: string }

/** When to run again if nothing nudges, or the failure. */
async function runOnce<Key>(
  { clock, run }: ReconcilerOptions<Key>,
  looks: Looks<Key>,
  signal: AbortSignal,
): Promise<RunEnd | Failed> {
  const at = clock.now()
  const started = clock.monotonicMs()
  const end = await attempt(() => run(takeHints(looks), signal))
  const failure = 'failure' in end ? end.failure : undefined
  looks.last = { at, elapsedMs: clock.monotonicMs() - started, failure }
  return end
}

function takeHints<Key>(looks: Looks<Key>): Work<Key> {
  const { all, keys } = looks
  looks.all = false
  looks.keys = new Set()
  return { all, keys }
}

async function sleep(looks: Pick<Looks<unknown>, 'nap'>, clock: Clock, ms: number): Promise<void> {
  looks.nap = new AbortController()
  await clock.sleep(Math.max(SHORTEST_SLEEP_MS, ms), looks.nap.signal).catch(() => undefined)
  looks.nap = undefined
}

async function attempt(run: () => Promise<RunEnd>): Promise<RunEnd | Failed> {
  try {
    return await run()
  } catch (error) {
    return { failure: describeError(error) }
  }
}
