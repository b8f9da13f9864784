import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingHttpHeaders } from 'node:http'
import { MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import { derivedKey } from '../secrets/derived-key.ts'
import { keyedMark } from '../secrets/keyed-mark.ts'

/**
 * Through which services a request has come. A catalog that others keep may lead back to this one, by its address, by what it
 * says of its address, or through a third service that has this one for a catalog: one request would then ask itself
 * without end. Each service seals what it sends to catalogs, hands on the seals of the request for which it sends, and
 * refuses what has its own.
 */
export type RequestTrail = {
  /**
   * Of every request that arrives, before anything is done for it: why it is refused (`invalid-input`), if this service sent
   * it, or it has come a long way. The answer is marked by {@link RETURNED}.
   */
  findRefusal(headers: IncomingHttpHeaders): MoraineError | undefined
  /** Does something for a request: what it sends to catalogs goes on with the request's trail. */
  onBehalfOf<T>(headers: IncomingHttpHeaders, work: () => T): T
  /** How a catalog is asked. What this service, or another, has refused as returned is told of with the catalog's name. */
  fetchFor(catalog: string): typeof fetch
}

/** @param secretKey what all servers of the service have, and nobody else */
export function requestTrail({
  random,
  secretKey,
  send = fetch,
}: {
  readonly random: Random
  readonly secretKey: Uint8Array
  readonly send?: typeof fetch
}): RequestTrail {
  const seal = keyedMark(derivedKey(secretKey, 'requests to catalogs'))
  const isOwn = (mark: string) => {
    const [token = '', shown = ''] = mark.split('.')
    return seal.isOf(token, Buffer.from(shown, 'hex'))
  }
  const nextMark = () => {
    const token = uuidV4(random)
    return `${token}.${seal.of(token).toString('hex')}`
  }
  return {
    findRefusal(headers) {
      const marks = marksOf(headers)
      if (marks.some(isOwn)) return refusal('this request was sent by this very service')
      if (marks.length < SERVICES_MAX) return undefined
      return refusal(`this request has come through ${marks.length} services`)
    },
    onBehalfOf: (headers, work) => onItsWay.run(marksOf(headers), work),
    fetchFor: (catalog) => async (input, init) => {
      const headers = new Headers(init?.headers)
      headers.set(SENT_THROUGH, [...(onItsWay.getStore() ?? []), nextMark()].join(', '))
      // What redirects are followed, and how, is for the caller to say.
      const answer = await send(input, { ...init, headers: Object.fromEntries(headers) })
      if (!answer.headers.has(RETURNED)) return answer
      await answer.body?.cancel()
      throw leadsBack(catalog)
    },
  }
}

/** Marks the answer to a request that was refused for what it has come through. */
export const RETURNED = 'x-moraine-returned'

const SENT_THROUGH = 'x-moraine-sent-through'
const MARK = /^[0-9a-f-]{36}\.[0-9a-f]{64}$/
/** Catalogs of catalogs are two or three deep; what goes round in services that cannot tell ends here. */
const SERVICES_MAX = 8

/** One for the process: who works on behalf of a request is told apart by the calls themselves, not by the service. */
const onItsWay = new AsyncLocalStorage<readonly string[]>()

/** In the order of the way. What is no mark was not made by a service of ours. */
function marksOf(headers: IncomingHttpHeaders): readonly string[] {
  const text = headers[SENT_THROUGH]
  if (typeof text !== 'string') return []
  return text
    .split(',')
    .map((mark) => mark.trim())
    .filter((mark) => MARK.test(mark))
}

function refusal(what: string): MoraineError {
  return new MoraineError(
    'invalid-input',
    `${what}: a catalog that it is sent for leads back here; register that catalog by the address of the service that keeps it`,
  )
}

function leadsBack(catalog: string): MoraineError {
  return new MoraineError(
    'invalid-input',
    `catalog ${catalog} leads back to a service that asks for it: by its uri, by what its server says of its uri and prefix in v1/config, or through the catalogs of another service; register it by the address of the service that keeps it, or remove it`,
    // It was refused before anything was done.
    { context: { unsent: true } },
  )
}
