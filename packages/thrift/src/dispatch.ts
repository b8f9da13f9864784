import { MoraineError } from '@moraine/stdx/error'
import type { CallFailure } from './call-failure.ts'
import { type MessageHeader, readMessage, writeMessage } from './message.ts'
import {
  ApplicationError,
  type ArgsOf,
  applicationException,
  DeclaredException,
  type Method,
  type Methods,
  type ThriftService,
} from './service.ts'
import type { Fields } from './struct.ts'
import type { ThriftWriter } from './thrift-writer.ts'
import { WireType } from './wire-type.ts'

/** What a handler may know of its call besides the arguments. */
export type CallContext = {
  /** Aborted when the caller is gone or the server stops. */
  readonly signal: AbortSignal
  /** For messages, for example `127.0.0.1:4711`. */
  readonly peer: string
}

export type Handlers<M extends Methods> = {
  readonly [K in keyof M]: (
    args: ArgsOf<M[K]>,
    context: CallContext,
  ) => HandlerResult<M[K]> | Promise<HandlerResult<M[K]>>
}

/** `undefined` for a method with a result is Thrift's null: the caller gets a reply without a value. */
type HandlerResult<X> =
  X extends Method<Fields, infer R> ? ([R] extends [undefined] ? undefined : R | undefined) : never

/** A service together with what answers its calls. */
export type BoundService = {
  readonly service: ThriftService<Methods>
  readonly handlers: Readonly<Record<string, AnyHandler>>
}

type AnyHandler = (args: unknown, context: CallContext) => unknown

export function bindService<M extends Methods>(service: ThriftService<M>, handlers: Handlers<M>): BoundService {
  return { service, handlers: handlers as unknown as Readonly<Record<string, AnyHandler>> }
}

export type CallAnswer = {
  readonly reply: Uint8Array
  /** Set if the call was damaged: nothing that follows it can be trusted. */
  readonly mustClose: boolean
  readonly failure?: CallFailure
}

/**
 * Answers one message, in the protocol it came in. Never rejects because of a handler: what it throws becomes a
 * declared exception or an internal error at the caller.
 *
 * @throws {MoraineError} `corrupt` if the message's header cannot be read, so that there is nobody to answer.
 */
export async function dispatchMessage(
  message: Uint8Array,
  services: readonly BoundService[],
  context: CallContext,
  maxReplyBytes: number,
): Promise<CallAnswer> {
  const { header: called, reader } = readMessage(message)
  // Apache's servers answer without the service's name.
  const header = { ...called, name: called.name.slice(called.name.indexOf(':') + 1) }
  const fail = (type: number, text: string, error: unknown, mustClose = false): CallAnswer => {
    const failure = { name: called.name, peer: context.peer, error }
    return { reply: exceptionReply(header, type, text), mustClose, failure }
  }
  const found = findMethod(called.name, services)
  if (found === undefined) {
    const text = `unknown method ${called.name}`
    return fail(ApplicationError.unknownMethod, text, new MoraineError('not-found', text))
  }
  if (header.type !== 'call') {
    const text = `${called.name} was sent as a ${header.type}; only calls are answered`
    return fail(ApplicationError.invalidMessageType, text, new MoraineError('unsupported', text), true)
  }
  let args: unknown
  try {
    args = found.method.args.read(reader)
  } catch (error) {
    if (!(error instanceof MoraineError)) throw error
    return fail(ApplicationError.protocolError, error.message, error, true)
  }
  try {
    const result = await found.handler(args, context)
    const reply = resultReply(header, found.method, result)
    if (reply.length <= maxReplyBytes) return { reply, mustClose: false }
    throw new MoraineError(
      'exhausted',
      `the result takes ${reply.length} bytes, more than the ${maxReplyBytes} allowed`,
    )
  } catch (error) {
    const declared = declaredReply(header, found.method, error)
    if (declared !== undefined) return { reply: declared, mustClose: false }
    // The text of a foreign error may hold anything; ours are meant to be read.
    const text = error instanceof MoraineError ? error.message : 'internal error'
    return fail(ApplicationError.internalError, text, error)
  }
}

function findMethod(
  name: string,
  services: readonly BoundService[],
): { method: Method<Fields, unknown>; handler: AnyHandler } | undefined {
  const colon = name.indexOf(':')
  // A single service may also be called without its name.
  const bound =
    colon < 0
      ? services.length === 1
        ? services[0]
        : undefined
      : services.find(({ service }) => service.name === name.slice(0, colon))
  const own = name.slice(colon + 1)
  if (bound === undefined || !Object.hasOwn(bound.service.methods, own)) return undefined
  const method = bound.service.methods[own]
  const handler = bound.handlers[own]
  return method === undefined || handler === undefined ? undefined : { method, handler }
}

function resultReply(header: MessageHeader, { result }: Method<Fields, unknown>, value: unknown): Uint8Array {
  return writeMessage({ ...header, type: 'reply' }, (writer) => {
    writer.structBegin()
    if (result !== null && value !== undefined) {
      if (result.wireType === WireType.bool) writer.boolField(0, value as boolean)
      else {
        writer.field(0, result.wireType)
        result.write(writer, value)
      }
    }
    writer.structEnd()
  })
}

function declaredReply(
  header: MessageHeader,
  { exceptions }: Method<Fields, unknown>,
  error: unknown,
): Uint8Array | undefined {
  if (!(error instanceof DeclaredException)) return undefined
  const at = exceptions.findIndex((type) => type.name === error.type.name)
  const type = exceptions[at]
  if (type === undefined) return undefined
  const body = (writer: ThriftWriter) => {
    writer.structBegin()
    writer.field(at + 1, WireType.struct)
    type.write(writer, error.value as never)
    writer.structEnd()
  }
  return writeMessage({ ...header, type: 'reply' }, body)
}

function exceptionReply(header: MessageHeader, type: number, message: string): Uint8Array {
  return writeMessage({ ...header, type: 'exception' }, (writer) =>
    applicationException.write(writer, { message, type }),
  )
}
