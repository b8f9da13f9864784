import type { Socket } from 'node:net'
import { MoraineError } from '@moraine/stdx/error'
import { ByteQueue } from './byte-queue.ts'

/** What the mechanism PLAIN (RFC 4616) sends; the password travels as it is, so TLS belongs underneath. */
export type SaslCredentials = { readonly user: string; readonly password: string }

/**
 * Negotiates SASL PLAIN as Thrift's SASL transport does: messages of one status byte, the length in four bytes, and the
 * mechanism's data. Afterwards everything travels in frames (`insideSaslFrames`).
 *
 * @throws {MoraineError} `permission` with the server's words if it refuses; `unavailable` if it goes away or answers in
 * something else
 */
export function authenticatePlain(socket: Socket, { user, password }: SaslCredentials, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const queue = new ByteQueue()
    const settle = (error?: MoraineError) => {
      socket.off('data', onData).off('close', onClose).off('error', onError).pause()
      if (error === undefined) resolve()
      else {
        socket.destroy()
        reject(error)
      }
    }
    const onClose = () => settle(gone(address, undefined))
    const onError = (cause: Error) => settle(gone(address, cause))
    const onData = (chunk: Buffer) => {
      queue.push(chunk)
      for (let answer = takeAnswer(queue); answer !== undefined; answer = takeAnswer(queue)) {
        if (answer === 'no SASL') settle(gone(address, new MoraineError('corrupt', 'what came back is no SASL')))
        else if (answer.status === Status.complete) {
          settle()
          // Whatever came behind it belongs to who reads next.
          if (queue.length > 0) socket.unshift(queue.take(0, queue.length))
        } else if (answer.status !== Status.ok) {
          settle(new MoraineError('permission', `${address} refuses user ${user}: ${answer.text || 'no reason given'}`))
        } else continue
        return
      }
    }
    socket.on('data', onData).on('close', onClose).on('error', onError)
    const initial = Buffer.from(`\0${user}\0${password}`)
    socket.write(Buffer.concat([saslMessage(Status.start, Buffer.from('PLAIN')), saslMessage(Status.ok, initial)]))
  })
}

const Status = { start: 1, ok: 2, bad: 3, error: 4, complete: 5 } as const
const ANSWERS: ReadonlySet<number> = new Set([Status.ok, Status.bad, Status.error, Status.complete])
const HEADER_BYTES = 5
const ANSWER_BYTES_MAX = 64 * 1024

function takeAnswer(queue: ByteQueue): { readonly status: number; readonly text: string } | 'no SASL' | undefined {
  if (queue.length < HEADER_BYTES) return undefined
  const status = queue.bytes.readUInt8(0)
  const end = HEADER_BYTES + queue.bytes.readUInt32BE(1)
  if (!ANSWERS.has(status) || end > ANSWER_BYTES_MAX) return 'no SASL'
  return queue.length < end ? undefined : { status, text: queue.take(HEADER_BYTES, end).toString() }
}

function saslMessage(status: number, data: Uint8Array): Uint8Array {
  const message = Buffer.alloc(HEADER_BYTES + data.length)
  message.writeUInt8(status)
  message.writeUInt32BE(data.length, 1)
  message.set(data, HEADER_BYTES)
  return message
}

function gone(address: string, cause: Error | undefined): MoraineError {
  return new MoraineError('unavailable', `${address} did not take part in SASL; does it expect it?`, { cause })
}
