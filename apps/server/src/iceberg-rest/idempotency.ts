import { createHash } from 'node:crypto'
import type { AnsweredRequest, AnsweredRequestStore } from '@moraine/management/catalogs/answered-requests'
import { later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { formatExactJson, type JsonObject, parseExactJson } from '@moraine/stdx/exact-json'
import { listOf, optional, record, required, text } from '@moraine/stdx/exact-json-decode'
import { encodeRestError, restErrorOf } from './rest-error.ts'
import { type AnswerSubject, malformed, type RestAnswer } from './rest-route.ts'

/** For how long after the first request its key may be used again, as clients are told (ISO 8601). */
export const KEY_LIFETIME = 'PT30M'
const KEY_LIFETIME_MS = 30 * 60_000
// Clocks differ, and the last retry takes its time.
const GRACE_MS = 5 * 60_000

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

/**
 * Makes requests that carry an `Idempotency-Key` once (REST catalog OpenAPI, "Idempotency-Key"): a request made again is
 * given the answer of the first, also while that one is still at work. Answers that a retry may change, those from 500 on
 * and the few 4xx that ask for patience, are not kept; nor are credentials: a table that was only staged is staged anew.
 *
 * A process that ends between the work and the keeping of its answer lets a retry do the work again: a commit is then
 * found to be made already, and a creation is answered that the name is taken. The answer is given also where it cannot
 * be kept, for the work is done.
 */
export class Idempotency {
  readonly #store: AnsweredRequestStore
  readonly #clock: Clock
  readonly #onUnkept: (error: unknown) => void
  readonly #atWork = new Map<string, Promise<unknown>>()

  /** @param onUnkept told of what hindered the keeping of an answer that was given */
  constructor(store: AnsweredRequestStore, clock: Clock, onUnkept: (error: unknown) => void) {
    this.#store = store
    this.#clock = clock
    this.#onUnkept = onUnkept
  }

  /**
   * @param run makes the request; what it throws is the answer that `restErrorOf` gives
   * @param reload gives the answer about a table or view as it is now, which is not kept: it may have megabytes
   * @throws {MoraineError} `invalid-input` for a key that is no UUID
   */
  async once(
    request: KeyedRequest,
    run: () => Promise<RestAnswer>,
    reload: (subject: AnswerSubject) => Promise<RestAnswer>,
  ): Promise<RestAnswer> {
    if (!UUID.test(request.key)) throw malformed(`the Idempotency-Key ${JSON.stringify(request.key)} is no UUID`)
    const keyHash = hashOf([request.warehouse, request.principal, request.key.toLowerCase()])
    const requestHash = hashOf([request.method, request.url, request.body])
    for (let before = this.#atWork.get(keyHash); before !== undefined; before = this.#atWork.get(keyHash)) await before
    const work = this.#answer({ keyHash, requestHash }, run, reload)
    const done = work.catch(() => {})
    this.#atWork.set(keyHash, done)
    try {
      return await work
    } finally {
      this.#atWork.delete(keyHash)
    }
  }

  async #answer(
    { keyHash, requestHash }: Pick<AnsweredRequest, 'keyHash' | 'requestHash'>,
    run: () => Promise<RestAnswer>,
    reload: (subject: AnswerSubject) => Promise<RestAnswer>,
  ): Promise<RestAnswer> {
    const known = await this.#store.findAnswer(keyHash, this.#clock.now())
    if (known !== undefined) return known.requestHash === requestHash ? replay(known, reload) : REUSED
    const answer = await run().catch(errorAnswer)
    if (isFinal(answer.status) && !holdsSecrets(answer)) {
      const now = this.#clock.now()
      const expiresAt = later(now, KEY_LIFETIME_MS + GRACE_MS)
      const kept = { keyHash, requestHash, status: answer.status, content: contentOf(answer), expiresAt }
      await this.#store.saveAnswer(kept, now).catch(this.#onUnkept)
    }
    return answer
  }
}

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
  return status < 500 && ![408, 425, 429].includes(status)
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function contentOf({ json, text: answered, subject }: RestAnswer): string {
  if (subject !== undefined) {
    return formatExactJson({
      subject: { kind: subject.kind, namespace: subject.identifier.namespace, name: subject.identifier.name },
    })
  }
  const body: JsonObject = json === undefined ? {} : { json }
  return formatExactJson(answered === undefined ? body : { text: answered })
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
    return { ...(await reload({ kind, identifier })), status }
  }
  const answered = optional(kept, 'text', text)
  const json = optional(kept, 'json', record)
  return { status, ...(answered !== undefined && { text: answered }), ...(json !== undefined && { json: json.object }) }
}
