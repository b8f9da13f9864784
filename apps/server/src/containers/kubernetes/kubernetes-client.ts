import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { MoraineError } from '@moraine/stdx/error'
import { type ApiFailure, apiFailure, unreachableError } from './api-failure.ts'
import { type ApiObject, isApiObject, objectsAt, textAt } from './api-object.ts'
import { type AccessPlace, type KubernetesAccess, readKubernetesAccess } from './kubernetes-access.ts'

/** What the service asks of an API server, in the words of its access rules. */
export type ApiCall = {
  readonly verb: 'create' | 'get' | 'list' | 'delete'
  readonly resource: 'deployments' | 'pods' | 'secrets'
  readonly name?: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: ApiObject
}

export type ApiAnswer = { readonly kind: 'done'; readonly object: ApiObject } | ApiFailure

/** The few calls that a container makes of one namespace. Each has a deadline, and a connection of its own. */
export type KubernetesClient = {
  /** A refusal is an answer; an API server that is not reached, or does not answer in time, is an error. */
  call(call: ApiCall, signal?: AbortSignal): Promise<ApiAnswer>
  /** All objects with these labels, page by page. */
  listAll(resource: ApiCall['resource'], labelSelector: string, signal?: AbortSignal): Promise<readonly ApiObject[]>
  /** The error for an answer that is not what was hoped for. */
  errorOf(call: ApiCall, failure: ApiFailure): MoraineError
  /** Ends what is under way. */
  close(): void
}

export type KubernetesClientOptions = {
  /** For messages. */
  readonly container: string
  readonly namespace: string
  readonly place: AccessPlace
  readonly clock: Pick<Clock, 'sleep'>
}

const DEADLINE_MS = 30_000
const PAGE = 250
/** A list that changes while it is read may have to be read again. */
const LIST_TRIES = 3
const BODY_BYTES_MAX = 64 * 1024 * 1024

export function kubernetesClient(options: KubernetesClientOptions): KubernetesClient {
  const { container, namespace, place, clock } = options
  const closed = new AbortController()
  const errorOf = (call: ApiCall, failure: ApiFailure) => failure.error(container, { ...call, namespace })
  const call = async (asked: ApiCall, signal?: AbortSignal): Promise<ApiAnswer> => {
    const doing = `container ${container}: to ${asked.verb} ${asked.resource}`
    const either = signal === undefined ? closed.signal : AbortSignal.any([signal, closed.signal])
    const remedy = 'see whether the API server is overloaded; it is asked again later'
    return withinDeadline(clock, { ms: DEADLINE_MS, what: doing, remedy, signal: either }, async (within) => {
      const access = await readKubernetesAccess(place).catch((cause: unknown) =>
        Promise.reject(accessError(container, cause)),
      )
      try {
        return await exchange(access, asked, { namespace, signal: within })
      } catch (cause) {
        throw within.aborted ? cause : unreachableError(container, access.server, cause)
      }
    })
  }
  const listOnce = async (resource: ApiCall['resource'], labelSelector: string, signal?: AbortSignal) => {
    const objects: ApiObject[] = []
    let next = ''
    do {
      const query = { labelSelector, limit: String(PAGE), ...(next !== '' && { continue: next }) }
      const asked = { verb: 'list', resource, query } as const
      const answer = await call(asked, signal)
      if (answer.kind === 'failed') {
        if (answer.status === GONE && next !== '') return undefined
        throw errorOf(asked, answer)
      }
      objects.push(...objectsAt(answer.object, 'items'))
      next = textAt(answer.object, 'metadata', 'continue') ?? ''
    } while (next !== '')
    return objects
  }
  return {
    call,
    errorOf,
    async listAll(resource, labelSelector, signal) {
      for (let tried = 0; tried < LIST_TRIES; tried += 1) {
        const objects = await listOnce(resource, labelSelector, signal)
        if (objects !== undefined) return objects
      }
      throw new MoraineError(
        'unavailable',
        `container ${container}: the list of ${resource} was forgotten by the API server before it was read, ${LIST_TRIES} times`,
      )
    },
    close: () => closed.abort(new MoraineError('aborted', `container ${container} is closed`)),
  }
}

/** The API server no longer has the state of which earlier pages were. */
const GONE = 410

type Exchange = { readonly namespace: string; readonly signal: AbortSignal }

async function exchange(access: KubernetesAccess, call: ApiCall, { namespace, signal }: Exchange): Promise<ApiAnswer> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  const headers = {
    accept: 'application/json',
    'user-agent': 'moraine',
    ...(access.token !== undefined && { authorization: `Bearer ${access.token}` }),
    ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  }
  const url = urlOf(access.server, call, namespace)
  // No connection is kept: who asks, and which certificates count, is read anew for each.
  const request = { method: METHODS[call.verb], headers, signal, agent: false } as const
  const sent = url.protocol === 'https:' ? httpsRequest(url, { ...request, ...access.tls }) : httpRequest(url, request)
  const response = await send(sent, body)
  const text = await readBody(response)
  return answerOf(response.statusCode ?? 0, text)
}

const METHODS = { create: 'POST', get: 'GET', list: 'GET', delete: 'DELETE' } as const
const GROUPS = { deployments: 'apis/apps/v1', pods: 'api/v1', secrets: 'api/v1' } as const

function urlOf(server: URL, { resource, name, query = {} }: ApiCall, namespace: string): URL {
  const url = new URL(server)
  const parts = [
    GROUPS[resource],
    'namespaces',
    namespace,
    resource,
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
  ]
  url.pathname = `${server.pathname.replace(/\/+$/, '')}/${parts.join('/')}`
  url.search = new URLSearchParams(query).toString()
  return url
}

function send(request: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', reject)
    request.end(body)
  })
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > BODY_BYTES_MAX) throw new Error(`the answer has more than ${BODY_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function answerOf(status: number, text: string): ApiAnswer {
  const object = parseObject(text)
  if (status >= 200 && status < 300) {
    if (object !== undefined) return { kind: 'done', object }
    throw new Error('what answers is no API server of Kubernetes; correct the address')
  }
  return apiFailure(status, object)
}

function parseObject(text: string): ApiObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isApiObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Files that were there at the start and are not now come back, most likely. */
function accessError(container: string, cause: unknown): MoraineError {
  if (!(cause instanceof MoraineError)) return new MoraineError('internal', `container ${container} failed`, { cause })
  return new MoraineError(
    cause.kind === 'not-found' ? 'unavailable' : cause.kind,
    `container ${container}: ${cause.message}`,
    { cause },
  )
}
