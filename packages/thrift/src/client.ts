import { MoraineError } from '@moraine/stdx/error'
import type { CallOptions, ThriftConnection } from './connection.ts'
import type { Reply } from './link.ts'
import {
  ApplicationError,
  type ArgsOf,
  applicationException,
  type Method,
  type Methods,
  type ResultOf,
  type ThriftService,
} from './service.ts'
import type { Fields } from './struct.ts'
import { corruptThrift } from './thrift-reader.ts'
import { expectType } from './thrift-type.ts'
import { WireType } from './wire-type.ts'

/**
 * One function per method. Declared exceptions are thrown as such (`exception.match` tells them); a result that the
 * server left out is `undefined`.
 */
export type ThriftClient<M extends Methods> = {
  readonly [K in keyof M]: (args: ArgsOf<M[K]>, options?: CallOptions) => Promise<ResultOf<M[K]>>
}

export type ThriftClientOptions = {
  /** Send method names behind the service's: servers with several services need it. True by default. */
  readonly isMultiplexed?: boolean
}

/** Several clients may share a connection. Errors are those of {@link ThriftConnection.call}. */
export function thriftClient<M extends Methods>(
  service: ThriftService<M>,
  connection: Pick<ThriftConnection, 'call'>,
  { isMultiplexed = true }: ThriftClientOptions = {},
): ThriftClient<M> {
  const functions = Object.entries(service.methods).map(([own, method]) => {
    const name = isMultiplexed ? `${service.name}:${own}` : own
    const call = async (args: Record<string, unknown>, options?: CallOptions) => {
      const reply = await connection.call(name, (writer) => method.args.write(writer, args), options)
      return readReply(name, method, reply)
    }
    return [own, call]
  })
  return Object.fromEntries(functions) as ThriftClient<M>
}

function readReply(name: string, method: Method<Fields, unknown>, { header, reader }: Reply): unknown {
  if (header.type === 'exception') throw failedAtServer(name, applicationException.read(reader))
  if (header.type !== 'reply') throw corruptThrift(`a ${header.type} came as the answer to ${name}`)
  let result: unknown
  reader.structBegin()
  while (reader.nextField()) {
    const declared = method.exceptions[reader.fieldId - 1]
    if (reader.fieldId === 0 && method.result !== null) {
      expectType(`the result of ${name}`, reader.fieldType, method.result.wireType)
      result = method.result.read(reader)
    } else if (declared !== undefined) {
      expectType(`an exception of ${name}`, reader.fieldType, WireType.struct)
      throw declared.make(declared.read(reader))
    } else reader.skip(reader.fieldType)
  }
  return result
}

function failedAtServer(name: string, { message, type }: { message?: string; type: number }): MoraineError {
  const text = `${name} failed at the server: ${message ?? `application error ${type}`}`
  const kind = type === ApplicationError.unknownMethod ? 'unsupported' : 'internal'
  return new MoraineError(kind, text, { context: { applicationError: type } })
}
