import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, MoraineError } from '@moraine/stdx/error'
import type { Log } from '../service/log.ts'
import type { Service } from '../service/service.ts'
import { formatNudges } from './nudge-json.ts'
import { type NudgeSeal, SIGNATURE_HEADER } from './nudge-seal.ts'
import type { Nudge } from './nudges.ts'

export type NudgeLineOptions = {
  /** Of the leader's API; `undefined` while none is known, or it is this server. */
  readonly leaderUrl: () => string | undefined
  readonly seal: NudgeSeal
  readonly clock: Clock
  readonly log: Log
}

/** Carries nudges to the server that leads: those that come while some are under way go together. */
export type NudgeLine = Service & { send(nudge: Nudge): void }

/** Below the leader's address. */
export const NUDGES_PATH = '/internal/nudges'

/** In one request. */
const NUDGES_MAX = 1000
/** Beyond this the oldest are dropped: what they would wake comes round by itself. */
const WAITING_MAX = 10_000
const SEND_WITHIN_MS = 5000
const RETRY_MS = 1000

export function nudgeLine(options: NudgeLineOptions): NudgeLine {
  const { clock, log } = options
  const stopping = new AbortController()
  const waiting = new Map<string, Nudge>()
  let wake: (() => void) | undefined
  let running: Promise<void> | undefined

  const nextBatch = async () => {
    if (waiting.size === 0) await new Promise<void>((resolve) => (wake = resolve))
    wake = undefined
    const batch = [...waiting].slice(0, NUDGES_MAX)
    for (const [key] of batch) waiting.delete(key)
    return batch
  }
  const putBack = (batch: readonly [string, Nudge][]) => {
    for (const [key, nudge] of batch) if (waiting.size < WAITING_MAX) waiting.set(key, nudge)
  }
  const run = async () => {
    while (!stopping.signal.aborted) {
      const batch = await nextBatch()
      if (stopping.signal.aborted) return
      const nudges = batch.map(([, nudge]) => nudge)
      const failure = await deliver(options, nudges, stopping.signal).then(() => undefined, describeError)
      if (failure === undefined || stopping.signal.aborted) continue
      log.debug({ failure, nudges: nudges.length }, 'the leader was not reached; it is tried again')
      putBack(batch)
      await clock.sleep(RETRY_MS, stopping.signal).catch(() => undefined)
    }
  }
  return {
    name: 'line to the leader',
    send(nudge) {
      waiting.set(JSON.stringify(nudge), nudge)
      const [oldest] = waiting.keys()
      if (waiting.size > WAITING_MAX && oldest !== undefined) waiting.delete(oldest)
      wake?.()
    },
    async start() {
      running = run()
    },
    async stop() {
      stopping.abort()
      wake?.()
      await running
    },
  }
}

async function deliver(
  { leaderUrl, seal, clock }: NudgeLineOptions,
  nudges: readonly Nudge[],
  signal: AbortSignal,
): Promise<void> {
  const leader = leaderUrl()
  if (leader === undefined) throw new MoraineError('unavailable', 'no server is known to lead')
  const url = `${leader}${NUDGES_PATH}`
  const body = formatNudges(nudges)
  const headers = { 'content-type': 'application/json', [SIGNATURE_HEADER]: seal.sign(body) }
  await withinDeadline(clock, { ms: SEND_WITHIN_MS, what: url, signal }, async (inner) => {
    const answer = await fetch(url, { method: 'POST', headers, body, signal: inner, redirect: 'error' })
    await answer.body?.cancel()
    if (!answer.ok) throw new MoraineError('unavailable', `${url} answered ${answer.status}`)
  })
}
