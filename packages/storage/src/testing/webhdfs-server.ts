import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'

/** What a call is, before it is answered. `stage` is `data` where the name node has sent it on. */
export type WebHdfsRequest = {
  readonly stage: 'name' | 'data'
  readonly method: string
  readonly operation: string
  readonly path: string
  readonly query: URLSearchParams
  /** The name node that was asked, by its number. */
  readonly nameNode: number
}

/** Answers in the server's place, by returning `true`; or does something before or after what it does. */
export type WebHdfsTap = (request: WebHdfsRequest, response: ServerResponse) => boolean | Promise<boolean>

export type WebHdfsServer = {
  /** `host:port` of each name node. */
  readonly addresses: readonly string[]
  readonly files: Map<string, Uint8Array>
  tap: WebHdfsTap
  close(): Promise<void>
}

export type WebHdfsServerOptions = {
  readonly nameNodes?: number
  /** Knows no options of a rename, and reads and writes itself. */
  readonly isHttpFs?: boolean
  readonly pageSize?: number
}

/**
 * A small file system behind the REST protocol of WebHDFS (Hadoop 3.5), with the answers that a real one was seen to give;
 * one port is a data node. Held to what HDFS does by the suite that the real one passes.
 */
export async function webHdfsServer(options: WebHdfsServerOptions = {}): Promise<WebHdfsServer> {
  const { nameNodes = 1, isHttpFs = false, pageSize = 10 } = options
  const names = Array.from({ length: nameNodes }, () => createServer())
  const data = createServer()
  const servers = [...names, data]
  const addresses = await Promise.all(servers.map(listen))
  const dataAddress = addresses.pop() ?? ''
  const files = new Map<string, Uint8Array>()
  const self: WebHdfsServer = {
    addresses,
    files,
    tap: () => false,
    async close() {
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map((server) => once(server.close(), 'close')))
    },
  }
  const fileSystem = { files, pageSize, isHttpFs, dataAddress }
  const serve = (stage: 'name' | 'data', nameNode: number) => (message: IncomingMessage, response: ServerResponse) => {
    const url = new URL(message.url ?? '/', 'http://server')
    const path = decodeURIComponent(url.pathname.replace(/^\/webhdfs\/v1/, ''))
    const operation = url.searchParams.get('op') ?? ''
    const request = { stage, nameNode, method: message.method ?? '', operation, path, query: url.searchParams }
    void Promise.resolve(self.tap(request, response)).then((answered) => {
      try {
        if (!answered) answer(fileSystem, request, message, response)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        remoteException(response, error.status, error.exception, error.message)
      }
    })
  }
  for (const [at, server] of names.entries()) {
    server.on('request', serve('name', at))
    server.on('checkContinue', serve('name', at))
  }
  data.on('request', serve('data', 0))
  data.on('checkContinue', serve('data', 0))
  return self
}

/** Answers with an error as Hadoop writes one. */
export function remoteException(
  response: ServerResponse,
  status: number,
  exception: string,
  message = 'because',
): true {
  const text = `${message}\n\tat org.apache.hadoop.Somewhere.run(Somewhere.java:1)`
  sendJson(
    response,
    { RemoteException: { exception, javaClassName: `org.apache.${exception}`, message: text } },
    status,
  )
  return true
}

class Refusal extends Error {
  readonly status: number
  readonly exception: string
  constructor(status: number, exception: string, message: string) {
    super(message)
    this.status = status
    this.exception = exception
  }
}

type FileSystem = {
  readonly files: Map<string, Uint8Array>
  readonly pageSize: number
  readonly isHttpFs: boolean
  readonly dataAddress: string
}

function answer(system: FileSystem, request: WebHdfsRequest, message: IncomingMessage, response: ServerResponse): void {
  const { operation, stage, path } = request
  const below = [...system.files.keys()].find((file) => path.startsWith(`${file}/`))
  if (below !== undefined) {
    const exception = operation === 'CREATE' ? 'ParentNotDirectoryException' : 'AccessControlException'
    remoteException(response, 403, exception, `${below} (is not a directory)`)
    return
  }
  const isDirect = stage === 'data' || system.isHttpFs
  switch (operation) {
    case 'OPEN':
      if (isDirect) read(system, request, response)
      else redirectOpen(system, request, response)
      return
    case 'CREATE':
      if (stage === 'data') create(system, request, message, response)
      else redirect(system, request, response)
      return
    case 'GETFILESTATUS':
      status(system, request, response)
      return
    case 'LISTSTATUS_BATCH':
      list(system, request, response)
      return
    case 'DELETE':
      remove(system, request, response)
      return
    case 'RENAME':
      rename(system, request, response)
      return
    default:
      remoteException(response, 400, 'IllegalArgumentException', `${operation} is not a valid operation.`)
  }
}

function redirectOpen(system: FileSystem, request: WebHdfsRequest, response: ServerResponse): void {
  const { path, query } = request
  const bytes = system.files.get(path)
  if (bytes === undefined) throw new Refusal(404, 'FileNotFoundException', `File ${path} not found.`)
  const offset = Number(query.get('offset') ?? 0)
  if (offset >= bytes.length && bytes.length > 0) {
    throw new Refusal(403, 'IOException', `Offset=${offset} out of the range [0, ${bytes.length})`)
  }
  redirect(system, request, response)
}

// Java composes the letters of a URI on its way.
function redirect({ dataAddress }: FileSystem, { path, query }: WebHdfsRequest, response: ServerResponse): void {
  const encoded = path.normalize('NFC').split('/').map(encodeURIComponent).join('/')
  response
    .writeHead(307, { location: `http://${dataAddress}/webhdfs/v1${encoded}?${query}`, 'content-length': 0 })
    .end()
}

function read({ files }: FileSystem, { path, query }: WebHdfsRequest, response: ServerResponse): void {
  const bytes = files.get(path)
  if (bytes === undefined) throw new Refusal(404, 'FileNotFoundException', `File ${path} not found.`)
  const offset = Number(query.get('offset') ?? 0)
  const length = Math.min(Number(query.get('length') ?? bytes.length), bytes.length - offset)
  if (length < 0) throw new Refusal(500, 'EOFException', 'Cannot seek after EOF')
  const body = bytes.subarray(offset, offset + length)
  response.writeHead(200, { 'content-length': body.length, connection: 'close' }).end(body)
}

function create(
  { files }: FileSystem,
  { path, query }: WebHdfsRequest,
  message: IncomingMessage,
  response: ServerResponse,
) {
  if (files.has(path) && query.get('overwrite') !== 'true') {
    throw new Refusal(403, 'FileAlreadyExistsException', `${path} already exists`)
  }
  // Said unasked, too.
  response.writeContinue()
  files.set(path, new Uint8Array()) // there, and growing
  const parts: Buffer[] = []
  message.on('data', (part: Buffer) => {
    parts.push(part)
    files.set(path, Buffer.concat(parts.slice(0, 1)))
  })
  message.on('end', () => {
    if (files.has(path)) files.set(path, Buffer.concat(parts))
    response.writeHead(201, { 'content-length': 0, connection: 'close' }).end()
  })
}

function isDirectory({ files }: FileSystem, path: string): boolean {
  const prefix = path.endsWith('/') ? path : `${path}/`
  return [...files.keys()].some((file) => file.startsWith(prefix))
}

function statusOf(pathSuffix: string, bytes: Uint8Array | undefined) {
  const type = bytes === undefined ? 'DIRECTORY' : 'FILE'
  return { pathSuffix, type, length: bytes?.length ?? 0, modificationTime: 1_700_000_000_123 }
}

function status(system: FileSystem, { path }: WebHdfsRequest, response: ServerResponse): void {
  const bytes = system.files.get(path)
  if (bytes === undefined && !isDirectory(system, path)) {
    throw new Refusal(404, 'FileNotFoundException', `File does not exist: ${path}`)
  }
  sendJson(response, { FileStatus: statusOf('', bytes) })
}

function list(system: FileSystem, { path, query }: WebHdfsRequest, response: ServerResponse): void {
  const own = system.files.get(path)
  const prefix = path.endsWith('/') ? path : `${path}/`
  const inside = [...system.files.keys()].filter((file) => file.startsWith(prefix))
  if (own === undefined && inside.length === 0) {
    throw new Refusal(404, 'FileNotFoundException', `File ${path} does not exist.`)
  }
  const names = [...new Set(inside.map((file) => file.slice(prefix.length).split('/')[0] ?? ''))]
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .filter(
      (name) =>
        Buffer.compare(Buffer.from(name), Buffer.from(query.get(system.isHttpFs ? 'startAfter' : 'startafter') ?? '')) >
        0,
    )
  const page = names.slice(0, system.pageSize).map((name) => statusOf(name, system.files.get(prefix + name)))
  const FileStatus = own === undefined ? page : [statusOf('', own)]
  const remainingEntries = names.length - page.length
  sendJson(response, { DirectoryListing: { partialListing: { FileStatuses: { FileStatus } }, remainingEntries } })
}

function remove(system: FileSystem, { path }: WebHdfsRequest, response: ServerResponse): void {
  if (isDirectory(system, path)) {
    throw new Refusal(403, 'PathIsNotEmptyDirectoryException', `\`${path} is non empty'`)
  }
  sendJson(response, { boolean: system.files.delete(path) })
}

function rename(system: FileSystem, { path, query }: WebHdfsRequest, response: ServerResponse): void {
  const { files, isHttpFs } = system
  const bytes = files.get(path)
  let target = query.get('destination') ?? ''
  if (isHttpFs) {
    if (isDirectory(system, target)) target = `${target}/${path.slice(dirname(path).length + 1)}`
    const can = bytes !== undefined && !files.has(target)
    if (can) files.set(target, bytes)
    if (can) files.delete(path)
    sendJson(response, { boolean: can })
    return
  }
  if (bytes === undefined) throw new Refusal(404, 'FileNotFoundException', `rename source ${path} is not found.`)
  if (isDirectory(system, target)) {
    throw new Refusal(403, 'IOException', `Source ${path} and destination ${target} must both be directories`)
  }
  if (files.has(target) && query.get('renameoptions') !== 'OVERWRITE') {
    throw new Refusal(403, 'FileAlreadyExistsException', `rename destination ${target} already exists`)
  }
  files.set(target, bytes)
  files.delete(path)
  response.writeHead(200, { 'content-length': 0 }).end()
}

function sendJson(response: ServerResponse, value: object, code = 200): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : ''
}
