import { createHash } from 'node:crypto'
import type { RequestClaim } from '@moraine/catalogs/request-claim'
import type { AnsweredRequest, AnsweredRequestStore } from '@moraine/management/catalogs/answered-requests'
import { later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { asError, MoraineError } from '@moraine/stdx/error'
import { formatExactJson, parseExactJson } from '@moraine/stdx/exact-json'
import { listOf, optional, record, required, text } from '@moraine/stdx/exact-json-decode'
import { systemRandom, uuidV4 } from '@moraine/stdx/random'
import { commitUncertain, encodeRestError, restErrorOf } from './rest-error.ts'
import { type AnswerSubject, malformed, type RestAnswer, subjectOf } from './rest-route.ts'

/** For how long after the first request its key may be used again, as clients are told (ISO 8601). */
export const KEY_LIFETIME = 'PT30M'
const KEY_LIFETIME_MS = 30 * 60_000
// Clocks differ, and the last retry takes its time.
const GRACE_MS = 5 * 60_000
/** For how long a key is kept from other servers by one that fell silent; clocks may differ by as much less a renewal. */
const CLAIM_MS = 30_000
const RENEWAL_MS = 5_000
/** For how long after a renewal the work goes on without another. What it waits for then has as long again to end. */
const HELD_MS = 15_000
/** For how long the answer of another server is waited for: longer than its claim lasts if it is dead. How often it is looked for. */
const PATIENCE_MS = 40_000
const LOOK_MS = { first: 50, most: 1_000 }

export type KeyedRequest = {
  readonly key: string
  readonly warehouse: string
  /** Whose key it is: others may have the same. */
  readonly principal: string
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** As text that is the same for the same body. */
  readonly body: string
}

/** What a request is made under, once its key is claimed. */
export type Claimed = {
  readonly claim: RequestClaim
  /** Aborts when the claim is lost, or may soon be: what is to be changed is not to be changed here any more. */
  readonly signal: AbortSignal
}

type Key = Pick<AnsweredRequest, 'keyHash' | 'requestHash'>

/**
 * Makes requests that carry an `Idempotency-Key` once (REST catalog OpenAPI, "Idempotency-Key"): a request made again is
 * given the answer of the first, also while that one is still at work, here or on another server of the same database.
 * A key is claimed there before the work begins, and only who has the claim keeps an answer. Answers that a retry may
 * change, those from 500 on, those about who asks and what they may, and the few 4xx that ask for patience, are not kept;
 * nor are credentials: a table that was only staged is staged anew.
 *
 * A process that ends between the work and the keeping of its answer lets a retry, once the claim has run out, do the work
 * again: a commit is then found to be made already, and a creation is answered that the name is taken. One that is cut off
 * from the database stops its work before its claim runs out; where it cannot, because it stood still, the claim goes with
 * each change of the service's own catalogs into the transaction that makes it, and nothing is changed once another has it. The
 * answer is given also where it cannot be kept, for the work is done.
 */
export class Idempotency {
  readonly #store: AnsweredRequestStore
  readonly #clock: Clock
  readonly #onUnkept: (error: unknown) => void
  readonly #holder: string
  readonly #atWork = new Map<string, Promise<unknown>>()

  /**
   * @param onUnkept told of what hindered the keeping of an answer that was given
   * @param holder this server, among those that share the store
   */
  constructor(
    store: AnsweredRequestStore,
    clock: Clock,
    onUnkept: (error: unknown) => void,
    holder: string = uuidV4(systemRandom),
  ) {
    this.#store = store
    this.#clock = clock
    this.#onUnkept = onUnkept
    this.#holder = holder
  }

  /**
   * @param run makes the request, under its claim; what it throws is the answer that `restErrorOf` gives
   * @param reload gives the answer about a table or view anew, which is not kept: it may have megabytes
   * @param signal ends the waiting for another server, and is heeded by `run` with that of the claim
   * @throws {MoraineError} `invalid-input` for a key that is no UUID; as `commitUncertain` makes it while another server is at
   * work on it and does not end
   */
  async once(
    request: KeyedRequest,
    run: (claimed: Claimed) => Promise<RestAnswer>,
    reload: (subject: AnswerSubject) => Promise<RestAnswer>,
    signal?: AbortSignal,
  ): Promise<RestAnswer> {
    if (!UUID.test(request.key)) throw malformed(`the Idempotency-Key ${JSON.stringify(request.key)} is no UUID`)
    const keyHash = hashOf([request.warehouse, request.principal, request.key.toLowerCase()])
    const requestHash = hashOf([request.method, request.url, request.body])
    for (let before = this.#atWork.get(keyHash); before !== undefined; before = this.#atWork.get(keyHash)) await before
    const work = this.#answer({ keyHash, requestHash }, run, reload, signal)
    const done = work.catch(() => {})
    this.#atWork.set(keyHash, done)
    try {
      return await work
    } finally {
      this.#atWork.delete(keyHash)
    }
  }

  async #answer(
    key: Key,
    run: (claimed: Claimed) => Promise<RestAnswer>,
    reload: (subject: AnswerSubject) => Promise<RestAnswer>,
    signal: AbortSignal | undefined,
  ): Promise<RestAnswer> {
    const known = await this.#claim(key, signal)
    if (known === 'of-another-request') return REUSED
    if (!('claimedAtMs' in known)) return replay(known, reload)
    const held = this.#hold(key, known.claimedAtMs)
    const claim = { keyHash: key.keyHash, holder: this.#holder }
    const either = signal === undefined ? held.signal : AbortSignal.any([signal, held.signal])
    let answer: RestAnswer | undefined
    try {
      answer = await run({ claim, signal: either }).catch((error: unknown) => {
        // Another server may be at it by now.
        if (held.signal.aborted) throw commitUncertain(asError(error))
        return errorAnswer(error)
      })
    } finally {
      held.end()
      await this.#settle(key, answer).catch(this.#onUnkept)
    }
    return answer
  }

  /** `claimedAtMs`, by the monotonic clock, if the request is now to be answered here. */
  async #claim(
    key: Key,
    signal: AbortSignal | undefined,
  ): Promise<AnsweredRequest | 'of-another-request' | { readonly claimedAtMs: number }> {
    const since = this.#clock.monotonicMs()
    for (let pauseMs = LOOK_MS.first; ; pauseMs = Math.min(2 * pauseMs, LOOK_MS.most)) {
      const askedAtMs = this.#clock.monotonicMs()
      const now = this.#clock.now()
      const claim = { ...key, holder: this.#holder, expiresAt: later(now, CLAIM_MS) }
      const outcome = await this.#store.claimKey(claim, now)
      // One that came late may be another's by now: it is claimed again.
      const isFresh = this.#clock.monotonicMs() - askedAtMs < HELD_MS
      if (outcome.kind === 'claimed' && isFresh) return { claimedAtMs: askedAtMs }
      const { requestHash } = outcome.kind === 'answered' ? outcome.answer : outcome.kind === 'claimed' ? key : outcome
      if (requestHash !== key.requestHash) return 'of-another-request'
      if (outcome.kind === 'answered') return outcome.answer
      if (this.#clock.monotonicMs() - since > PATIENCE_MS) {
        throw commitUncertain(new Error('another server is still at work on the request with this Idempotency-Key'))
      }
      await this.#clock.sleep(pauseMs, signal).catch((cause: unknown) => {
        throw commitUncertain(asError(cause))
      })
    }
  }

  /** Renews a claim until `end`; its signal aborts once it is another's, or has not been renewed for long. */
  #hold({ keyHash }: Key, claimedAtMs: number): { readonly signal: AbortSignal; end(): void } {
    const lost = new AbortController()
    const done = new AbortController()
    let heldAtMs = claimedAtMs
    const renew = async () => {
      for (;;) {
        await this.#clock.sleep(RENEWAL_MS, done.signal).catch(() => {})
        if (done.signal.aborted) return
        // One that began to be renewed is held from then on, however late that is heard.
        const beganAtMs = this.#clock.monotonicMs()
        const expiresAt = later(this.#clock.now(), CLAIM_MS)
        // One that fails is made good by the next, as long as there is time.
        const isRenewed = await this.#store.renewClaim(keyHash, this.#holder, expiresAt).catch(() => undefined)
        if (isRenewed === true) heldAtMs = beganAtMs
        if (isRenewed === false && !done.signal.aborted) lost.abort(CLAIM_LOST)
      }
    }
    // By itself: a renewal may hang.
    const watch = async () => {
      for (;;) {
        const leftMs = heldAtMs + HELD_MS - this.#clock.monotonicMs()
        if (leftMs <= 0) return lost.abort(CLAIM_LOST)
        await this.#clock.sleep(leftMs, done.signal).catch(() => {})
        if (done.signal.aborted) return
      }
    }
    void renew()
    void watch()
    return { signal: lost.signal, end: () => done.abort(DONE) }
  }

  /** Puts the answer into the place of the claim, or nothing if it is not to be kept. */
  async #settle(key: Key, answer: RestAnswer | undefined): Promise<void> {
    if (answer === undefined || !isFinal(answer.status) || holdsSecrets(answer)) {
      await this.#store.releaseKey(key.keyHash, this.#holder)
      return
    }
    const expiresAt = later(this.#clock.now(), KEY_LIFETIME_MS + GRACE_MS)
    const kept = { ...key, status: answer.status, content: contentOf(answer), expiresAt }
    if (await this.#store.saveAnswer(kept, this.#holder)) return
    throw new MoraineError('conflict', `the claim on an Idempotency-Key was lost before its request was answered`)
  }
}

// Made once: an abort without a reason makes an error with a stack each time.
const DONE = new Error('done')
const CLAIM_LOST = new Error('the claim on an Idempotency-Key could not be renewed')

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const REUSED: RestAnswer = errorAnswerOf(422, 'the Idempotency-Key was used for another request; take a new key')

function errorAnswerOf(status: number, message: string): RestAnswer {
  return { status, json: encodeRestError({ status, type: 'UnprocessableEntityException', message }) }
}

function errorAnswer(error: unknown): RestAnswer {
  const answer = restErrorOf(error)
  // What is not known to the client is for the log.
  if (answer.status >= 500) throw error
  return { status: answer.status, json: encodeRestError(answer) }
}

/** Of an answer about a table only the reference is kept, and credentials are given anew. */
function holdsSecrets({ isSecret, subject }: RestAnswer): boolean {
  return isSecret === true && subject === undefined
}

function isFinal(status: number): boolean {
  return status < 500 && ![401, 403, 408, 425, 429].includes(status)
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** What comes in pieces has a subject. */
function contentOf({ json, subject }: RestAnswer): string {
  if (subject !== undefined) {
    const { identifier, ...state } = subject
    return formatExactJson({ subject: { ...identifier, ...state } })
  }
  return formatExactJson(json === undefined ? {} : { json })
}

async function replay(
  { status, content }: AnsweredRequest,
  reload: (subject: AnswerSubject) => Promise<RestAnswer>,
): Promise<RestAnswer> {
  const kept = record(parseExactJson(content, 'kept answer'), { document: 'kept answer', kind: 'corrupt' })
  const subject = optional(kept, 'subject', record)
  if (subject !== undefined) {
    const identifier = {
      namespace: required(subject, 'namespace', listOf(text)),
      name: required(subject, 'name', text),
    }
    const kind = required(subject, 'kind', text) === 'view' ? 'view' : 'table'
    // Absent from what was kept before these were.
    const metadataLocation = optional(subject, 'metadataLocation', text) ?? ''
    const uuid = optional(subject, 'uuid', text)
    return { ...(await reload(subjectOf(kind, { identifier, metadataLocation }, uuid))), status }
  }
  const json = optional(kept, 'json', record)
  return { status, ...(json !== undefined && { json: json.object }) }
}
