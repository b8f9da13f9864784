import type { Socket } from 'node:net'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { encodeRestError } from '../iceberg-rest/rest-error.ts'

/** As Node has it: what it could not read, where it still knows. */
type ClientError = Error & { readonly code?: string; readonly rawPacket?: unknown }

/**
 * Answers what is no request that Node could read, before any route is known: in the envelope of the API that the path belongs
 * to, as far as the path has come with the same packet.
 */
export function answerClientError(
  { code = '', rawPacket }: ClientError,
  socket: Pick<Socket, 'writable' | 'destroyed' | 'end' | 'destroy'>,
  restPrefixes: readonly string[],
): void {
  // There is nobody to be told.
  if (code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy()
  const { status, reason, message } = ANSWERS[code] ?? UNREADABLE
  const begin = rawPacket instanceof Uint8Array ? rawPacket.subarray(0, PATH_BYTES_MAX) : []
  const path = /^[A-Z]+ (\S+)/.exec(Buffer.from(begin).toString('latin1'))?.[1]
  const isRest = restPrefixes.some((prefix) => path?.startsWith(`${prefix}/`) === true)
  const body = isRest
    ? encodeRestError({ status, type: 'BadRequestException', message })
    : { message, code: status, kind: 'invalid-input', requestId: '' }
  const text = formatExactJson(body)
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`)
}

const PATH_BYTES_MAX = 4096

type Answer = { readonly status: number; readonly reason: string; readonly message: string }

const UNREADABLE: Answer = { status: 400, reason: 'Bad Request', message: 'what was sent is no HTTP request' }

const ANSWERS: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    reason: 'Request Header Fields Too Large',
    message: 'the path and the headers of the request are too long: they may have 16 KiB together',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    reason: 'Request Timeout',
    message: 'the request took too long to arrive; nothing was done',
  },
}
