import type { Socket } from 'node:net'
import { MoraineError } from '@moraine/stdx/error'
import { ByteQueue } from './byte-queue.ts'

/** One negotiation, from the side that signs in. */
export type SaslMechanism = {
  readonly name: string
  /** Sent at once. */
  readonly initial: Uint8Array
  /** What a server that refuses is said to refuse, without secrets. */
  readonly whom: string
  /** What is sent for a challenge, if anything. @throws {MoraineError} if this is no server to answer to */
  readonly answer: (challenge: Uint8Array) => Uint8Array | undefined
  /** Looks at what came with the server's consent. @throws {MoraineError} as `answer` */
  readonly confirm: (data: Uint8Array) => void
}

/**
 * Negotiates SASL as Thrift's SASL transport does: messages of one status byte, the length in four bytes, and the
 * mechanism's data. Afterwards everything travels in frames (`insideSaslFrames`).
 *
 * @throws {MoraineError} `permission` with the server's words if it refuses; `unavailable` if it goes away or answers in
 * something else; what the mechanism throws
 */
export function negotiateSasl(socket: Socket, mechanism: SaslMechanism, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const queue = new ByteQueue()
    const settle = (error?: unknown) => {
      socket.off('data', onData).off('close', onClose).off('error', onError).pause()
      if (error === undefined) resolve()
      else {
        socket.destroy()
        reject(error as Error)
      }
    }
    const onClose = () => settle(gone(address, undefined))
    const onError = (cause: Error) => settle(gone(address, cause))
    const onData = (chunk: Buffer) => {
      queue.push(chunk)
      try {
        for (let answer = takeAnswer(queue); answer !== undefined; answer = takeAnswer(queue)) {
          if (answer === 'no SASL') throw gone(address, new MoraineError('corrupt', 'what came back is no SASL'))
          if (answer.status === Status.complete) return complete(answer.data)
          if (answer.status !== Status.ok) throw refused(address, mechanism, answer.data)
          const response = mechanism.answer(answer.data)
          if (response !== undefined) socket.write(saslMessage(Status.ok, response))
        }
      } catch (error) {
        settle(error)
      }
    }
    const complete = (data: Uint8Array) => {
      mechanism.confirm(data)
      settle()
      // Whatever came behind it belongs to who reads next.
      if (queue.length > 0) socket.unshift(queue.take(0, queue.length))
    }
    socket.on('data', onData).on('close', onClose).on('error', onError)
    const start = saslMessage(Status.start, Buffer.from(mechanism.name))
    socket.write(Buffer.concat([start, saslMessage(Status.ok, mechanism.initial)]))
  })
}

const Status = { start: 1, ok: 2, bad: 3, error: 4, complete: 5 } as const
const ANSWERS: ReadonlySet<number> = new Set([Status.ok, Status.bad, Status.error, Status.complete])
const HEADER_BYTES = 5
const ANSWER_BYTES_MAX = 64 * 1024

function takeAnswer(queue: ByteQueue): { readonly status: number; readonly data: Uint8Array } | 'no SASL' | undefined {
  if (queue.length < HEADER_BYTES) return undefined
  const status = queue.bytes.readUInt8(0)
  const end = HEADER_BYTES + queue.bytes.readUInt32BE(1)
  if (!ANSWERS.has(status) || end > ANSWER_BYTES_MAX) return 'no SASL'
  return queue.length < end ? undefined : { status, data: queue.take(HEADER_BYTES, end) }
}

function saslMessage(status: number, data: Uint8Array): Uint8Array {
  const message = Buffer.alloc(HEADER_BYTES + data.length)
  message.writeUInt8(status)
  message.writeUInt32BE(data.length, 1)
  message.set(data, HEADER_BYTES)
  return message
}

function refused(address: string, { whom }: SaslMechanism, words: Uint8Array): MoraineError {
  const said = Buffer.from(words).toString()
  return new MoraineError('permission', `${address} refuses ${whom}: ${said || 'no reason given'}`)
}

function gone(address: string, cause: Error | undefined): MoraineError {
  return new MoraineError('unavailable', `${address} did not take part in SASL; does it expect it?`, { cause })
}
