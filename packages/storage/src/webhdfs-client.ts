import type { Clock } from '@moraine/stdx/clock'
import { isRetryable, MoraineError } from '@moraine/stdx/error'
import { exchange, type HttpAnswer, type HttpCall, startUpload } from './http-exchange.ts'
import type { StorageSettings } from './settings.ts'
import { type HdfsScheme, hdfsCaller, nameNodeUrls } from './webhdfs-address.ts'
import { isStandby, webHdfsError, webHdfsFailure } from './webhdfs-failure.ts'

/** The name nodes of one file system, and who calls them. */
export type WebHdfsClient = {
  readonly nameNodes: readonly URL[]
  readonly caller: Parameters
  /** The name node that answered last, or is to be tried next. */
  active: number
}

/** One operation of WebHDFS on a path, absolute and not encoded. */
export type WebHdfsCall = {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly operation: string
  readonly path: string
  readonly parameters?: Parameters
  /** For messages: `reading hdfs://nn/a`. */
  readonly doing: string
  /** What the caller can take; what a name node says fits in if it is not said. */
  readonly answerBytesMax?: number
  readonly signal?: AbortSignal | undefined
}

/** A file's bytes on their way. After a failure only `destroy` is left. */
export type WebHdfsUpload = {
  write(bytes: Uint8Array): Promise<void>
  finish(): Promise<void>
  destroy(): void
}

type Parameters = readonly (readonly [name: string, value: string])[]

/** The client of each file system, made at first use. */
export function webHdfsClients(settings: StorageSettings): (scheme: HdfsScheme, authority: string) => WebHdfsClient {
  const opened = new Map<string, WebHdfsClient>()
  return (scheme, authority) => {
    const store = `${scheme}://${authority}`
    const known = opened.get(store)
    if (known !== undefined) return known
    const made = { nameNodes: nameNodeUrls(scheme, authority, settings), caller: hdfsCaller(settings), active: 0 }
    opened.set(store, made)
    return made
  }
}

/** What the name node answers, redirects included; other failures are thrown as what they mean. */
export async function askNameNode(client: WebHdfsClient, call: WebHdfsCall): Promise<HttpAnswer> {
  for (let tried = 1; ; tried += 1) {
    const at = client.active
    const nameNode = client.nameNodes[at]
    if (nameNode === undefined) throw new MoraineError('internal', 'there is no name node')
    const isLast = tried >= client.nameNodes.length
    let answer: HttpAnswer
    try {
      answer = await exchange(httpCall(call, operationUrl(nameNode, client.caller, call)))
    } catch (error) {
      // Whatever keeps it from answering, the next call had better ask another.
      passOver(client, at)
      if (isUnsent(error) && !isLast) continue
      throw error
    }
    if (answer.status < 400) return answer
    const failure = webHdfsFailure(answer)
    if (isStandby(failure)) {
      passOver(client, at)
      if (!isLast) continue
    }
    throw webHdfsError(failure, call.doing)
  }
}

/** The bytes of a file, which a data node gives; HttpFS gives them itself. */
export async function download(client: WebHdfsClient, call: WebHdfsCall): Promise<HttpAnswer> {
  const answer = await askNameNode(client, call)
  if (!isRedirect(answer)) return answer
  const url = redirectUrl(client, answer, call)
  return accepted(await atDataNode(url, () => exchange(httpCall(call, url)), call), call)
}

/** Sends a file's bytes. It exists, complete, once this ends well. */
export async function upload(
  client: WebHdfsClient,
  call: WebHdfsCall,
  clock: Pick<Clock, 'sleep'>,
  bytes: Uint8Array,
): Promise<void> {
  const sending = await openUpload(client, call, clock, bytes.length)
  try {
    if (bytes.length > 0) await sending.write(bytes)
    await sending.finish()
  } catch (error) {
    sending.destroy()
    throw error
  }
}

/** As {@link upload}, for bytes that come piece by piece, `sizeBytes` in all if that is known. */
export async function openUpload(
  client: WebHdfsClient,
  call: WebHdfsCall,
  clock: Pick<Clock, 'sleep'>,
  sizeBytes?: number,
): Promise<WebHdfsUpload> {
  const url = await uploadUrl(client, call)
  const refuseEarly = (answer: HttpAnswer | undefined) => {
    if (answer === undefined) return
    accepted(answer, call)
    throw new MoraineError('unavailable', `${call.doing} failed: ${url.host} answered before it had all bytes`)
  }
  const orRefusal = async <T>(step: () => Promise<T>): Promise<T> => {
    try {
      return await step()
    } catch (error) {
      throw isLost(error) ? ((await refusalOf(client, call)) ?? error) : error
    }
  }
  const sending = startUpload(httpCall(call, url), clock, sizeBytes)
  refuseEarly(await orRefusal(() => atDataNode(url, () => sending.wanted, call)))
  return {
    destroy: () => sending.destroy(),
    write: async (bytes) => refuseEarly(await orRefusal(() => sending.write(bytes))),
    finish: async () => {
      accepted(await orRefusal(() => sending.finish()), call)
    },
  }
}

/**
 * A data node that refuses closes the connection on the bytes that are under way, and its answer may be lost with it. Who
 * asks again with nothing to send is told.
 */
async function refusalOf(client: WebHdfsClient, call: WebHdfsCall): Promise<MoraineError | undefined> {
  const again = { ...call, parameters: [['overwrite', 'true'] as const] }
  try {
    const url = await uploadUrl(client, again)
    accepted(await exchange(httpCall(again, url)), again)
    return undefined
  } catch (error) {
    return error instanceof MoraineError && !isRetryable(error) ? error : undefined
  }
}

function isLost(error: unknown): boolean {
  return error instanceof MoraineError && error.context['sent'] === true
}

/** `absent` if there was nothing of that name, or only directories with something in them. */
export async function deleteFile(
  client: WebHdfsClient,
  path: string,
  doing: string,
  signal?: AbortSignal,
): Promise<'deleted' | 'absent'> {
  const parameters: Parameters = [['recursive', 'false']]
  try {
    const answer = await askNameNode(client, { method: 'DELETE', operation: 'DELETE', path, parameters, doing, signal })
    return saysTrue(answer) ? 'deleted' : 'absent'
  } catch (error) {
    // A directory is no object, and below a file there is none.
    if (isAbsence(error) || exceptionOf(error) === 'PathIsNotEmptyDirectoryException') return 'absent'
    throw error
  }
}

/** Whether the failure says that there is no such file, also since a part of its path is one. */
export function isAbsence(error: unknown): boolean {
  if (!(error instanceof MoraineError)) return false
  if (error.kind === 'not-found') return true
  return (
    error.kind === 'invalid-input' &&
    ['AccessControlException', 'ParentNotDirectoryException'].includes(exceptionOf(error))
  )
}

/** The name of the Java exception that the failure was, if it was one. */
export function exceptionOf(error: unknown): string {
  return error instanceof MoraineError ? String(error.context['exception'] ?? '') : ''
}

/** Operations that may or may not have done something answer `{"boolean": true}`. */
export function saysTrue({ body }: HttpAnswer): boolean {
  return /^\s*\{\s*"boolean"\s*:\s*true\s*\}/.test(Buffer.from(body).toString())
}

// Pages of listings and errors; more is not for us.
const ANSWER_BYTES_MAX = 32 * 2 ** 20

function passOver(client: WebHdfsClient, at: number): void {
  if (client.active === at) client.active = (at + 1) % client.nameNodes.length
}

function isUnsent(error: unknown): boolean {
  return error instanceof MoraineError && error.context['sent'] === false
}

function isRedirect({ status, header }: HttpAnswer): boolean {
  return status >= 300 && status < 400 && header('location') !== undefined
}

function httpCall({ method, doing, answerBytesMax = ANSWER_BYTES_MAX, signal }: WebHdfsCall, url: URL): HttpCall {
  // An error has more to say than a range of some bytes.
  return { method, url, doing, signal, answerBytesMax: Math.max(answerBytesMax, ANSWER_BYTES_MAX) }
}

function operationUrl(nameNode: URL, caller: Parameters, { operation, path, parameters = [] }: WebHdfsCall): URL {
  const url = new URL(nameNode)
  url.pathname = `${nameNode.pathname.replace(/\/$/, '')}/webhdfs/v1${encodePath(path)}`
  const query = [['op', operation] as const, ...caller, ...parameters]
  url.search = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  return url
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

async function uploadUrl(client: WebHdfsClient, call: WebHdfsCall): Promise<URL> {
  const answer = await askNameNode(client, call)
  if (isRedirect(answer)) return redirectUrl(client, answer, call)
  throw new MoraineError('unavailable', `${call.doing} failed: the name node names no data node to send the bytes to`)
}

/**
 * Where a redirect leads. Java's URIs are composed to NFC on the way, which is another name where letters were given in
 * parts: the path is put right.
 */
function redirectUrl(client: WebHdfsClient, answer: HttpAnswer, { doing, path }: WebHdfsCall): URL {
  const from = client.nameNodes[client.active]
  const location = answer.header('location') ?? ''
  const url = URL.canParse(location, from?.href) ? new URL(location, from?.href) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new MoraineError('unavailable', `${doing} failed: the name node redirects to no HTTP address`)
  }
  if (from?.protocol === 'https:' && url.protocol !== 'https:') {
    throw new MoraineError(
      'unsupported',
      `${doing} failed: the name node redirects from HTTPS to HTTP at ${url.host}; set dfs.http.policy of the data nodes to HTTPS_ONLY`,
    )
  }
  const [ours, theirs] = [encodePath(path), encodePath(path.normalize('NFC'))]
  if (ours !== theirs && url.pathname.endsWith(theirs)) url.pathname = url.pathname.slice(0, -theirs.length) + ours
  return url
}

/** What goes wrong at a data node says so: its name may be one that only the cluster knows. */
async function atDataNode<T>(url: URL, run: () => Promise<T>, { doing }: WebHdfsCall): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!isUnsent(error)) throw error
    throw new MoraineError(
      'unavailable',
      `${doing} failed: the name node sends to the data node ${url.host}, which cannot be reached from here; its host name must be known here and its port open`,
      { cause: error },
    )
  }
}

function accepted(answer: HttpAnswer, { doing }: WebHdfsCall): HttpAnswer {
  if (answer.status >= 300) throw webHdfsError(webHdfsFailure(answer), doing)
  return answer
}
