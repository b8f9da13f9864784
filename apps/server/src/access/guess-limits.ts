import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { weighedCache } from '@moraine/stdx/weighed-cache'

/**
 * Slows down whoever guesses secrets. Refusals cost nothing and hold nothing; what is remembered is bounded, and gone with the
 * process.
 */
export interface GuessLimits {
  /**
   * Before a secret is looked at.
   *
   * @throws {MoraineError} `unauthenticated` of the entity `guess`, with `retryAfterSeconds`, where there were too many wrong ones
   */
  check(source: string, name: string): void
  failed(source: string, name: string): void
  succeeded(source: string, name: string): void
}

/**
 * Three limits, each a bucket that wrong guesses empty and time fills. Of a name from one source: a person mistypes a few
 * times, and a program with an old secret is told to wait. Of a source, whatever the names; those who were right there
 * lately do not mind. Of a name from all sources: while it is guessed at from everywhere, each source has one guess at a time.
 * So nobody is kept out by what others do elsewhere: a first right guess counts always.
 */
export function guessLimits(clock: Pick<Clock, 'now'>): GuessLimits {
  const pairs = buckets(PAIR, clock)
  const sources = buckets(SOURCE, clock)
  const names = buckets(NAME, clock)
  const proven = weighedCache<{ readonly until: number }>(ENTRIES_MAX, () => 1)
  return {
    check(address, name) {
      const source = sourceOf(address)
      const pair = pairOf(source, name)
      const allowance = names.waitMs(short(name)) > 0 ? PAIR.burst : 1
      const waitMs = pairs.waitMs(pair, allowance)
      const isProven = (proven.find(pair)?.until ?? 0) > clock.now()
      const sourceWaitMs = isProven ? 0 : sources.waitMs(source)
      const retryAfterSeconds = Math.ceil(Math.max(waitMs, sourceWaitMs) / 1000)
      if (retryAfterSeconds === 0) return
      throw new MoraineError(
        'unauthenticated',
        `too many wrong secrets were sent from ${source}; wait for ${retryAfterSeconds} s`,
        { context: { entity: 'guess', retryAfterSeconds } },
      )
    },
    failed(address, name) {
      const source = sourceOf(address)
      pairs.take(pairOf(source, name))
      sources.take(source)
      names.take(short(name))
    },
    succeeded(address, name) {
      const pair = pairOf(sourceOf(address), name)
      const now = clock.now()
      // Every request comes here: what is known for long is not written anew.
      if ((proven.find(pair)?.until ?? 0) < now + PROVEN_MS / 2) proven.keep(pair, { until: now + PROVEN_MS })
    },
  }
}

/** The value of the header `Retry-After`, for what {@link GuessLimits.check} refused; such an answer has the status 429. */
export function retryAfterOf(error: unknown): string | undefined {
  const seconds = isKind(error, 'unauthenticated') ? error.context['retryAfterSeconds'] : undefined
  return seconds === undefined ? undefined : String(seconds)
}

type Limit = {
  /** Wrong guesses in a row. */
  readonly burst: number
  /** After which there is one more. */
  readonly refillMs: number
}

const PAIR: Limit = { burst: 10, refillMs: 30_000 }
const SOURCE: Limit = { burst: 100, refillMs: 1_000 }
const NAME: Limit = { burst: 100, refillMs: 6_000 }

/** Many at once are all looked at, and paid for by waiting; not for ever. */
const DEBT_MS = 3_600_000
const PROVEN_MS = 3_600_000
/** Of each kind; a few hundred bytes each. */
const ENTRIES_MAX = 10_000

/** A bucket is when it will be full again: one that is full need not be known. */
function buckets({ burst, refillMs }: Limit, clock: Pick<Clock, 'now'>) {
  const full = weighedCache<{ readonly at: number }>(ENTRIES_MAX, () => 1)
  return {
    /** Until `spare` guesses and no more are missing. */
    waitMs(key: string, spare = 1): number {
      const known = full.find(key)
      if (known === undefined) return 0
      return Math.max(0, known.at - clock.now() - (burst - spare) * refillMs)
    },
    take(key: string): void {
      const now = clock.now()
      const at = Math.max(full.find(key)?.at ?? 0, now) + refillMs
      full.keep(key, { at: Math.min(at, now + burst * refillMs + DEBT_MS) })
    },
  }
}

function pairOf(source: string, name: string): string {
  return `${source} ${short(name)}`
}

/** Longer than any that is right. */
function short(name: string): string {
  return name.slice(0, 200)
}

/** Of IPv6 a network: who has one address has all of it. */
function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ? tail.split(':') : [])]
  return `${all.slice(0, 4).join(':')}::/64`
}
