import type { DeclaredStruct, Fields, StructValue } from './struct.ts'
import { f, opt, struct } from './struct.ts'
import { i32, string, type ThriftType } from './thrift-type.ts'

/**
 * Declares a service once; server and client types follow from it:
 *
 * ```ts
 * export const optimizeManager = service('OptimizeManager', {
 *   ping: method({}, null),
 *   pollTask: method({ authToken: f(1, string), threadId: f(2, i32) }, optimizingTask, [amoroException]),
 * })
 * ```
 */
export function service<M extends Methods>(name: string, methods: M): ThriftService<M> {
  return { name, methods }
}

/** `result` is `null` for a void method. Declared exceptions have the field ids 1, 2, ... in their order. */
export function method<A extends Fields, R = undefined>(
  args: A,
  result: ThriftType<R> | null,
  exceptions: readonly ExceptionType<Fields>[] = [],
): Method<A, R> {
  return { args: struct('arguments', args), result, exceptions }
}

/** Declares an exception that methods may answer with; it is a struct on the wire. */
export function exception<F extends Fields>(name: string, fields: F): ExceptionType<F> {
  const type: ExceptionType<F> = {
    ...struct(name, fields),
    make: (value) => new DeclaredException(type as ExceptionType<Fields>, value),
    match: (error) =>
      error instanceof DeclaredException && error.type.name === name ? (error.value as StructValue<F>) : undefined,
  }
  return type
}

export type ThriftService<M extends Methods> = { readonly name: string; readonly methods: M }

export type Methods = { readonly [name: string]: Method<Fields, unknown> }

export type Method<A extends Fields, R> = {
  readonly args: DeclaredStruct<A>
  readonly result: ThriftType<R> | null
  readonly exceptions: readonly ExceptionType<Fields>[]
}

export type ExceptionType<F extends Fields> = DeclaredStruct<F> & {
  /** An error to throw from a handler of a method that declares this exception. */
  make(value: StructValue<F>): Error
  /** The fields of a caught error, if it is one of these. */
  match(error: unknown): StructValue<F> | undefined
}

export type ArgsOf<M> = M extends Method<infer A, unknown> ? StructValue<A> : never

/** `undefined` from a method with a result type is Thrift's null: the reply has no value. */
export type ResultOf<M> = M extends Method<Fields, infer R> ? R | undefined : never

/** A declared exception as it is thrown in handlers and clients; made by {@link ExceptionType.make}. */
export class DeclaredException extends Error {
  readonly type: ExceptionType<Fields>
  readonly value: unknown

  constructor(type: ExceptionType<Fields>, value: unknown) {
    const message = (value as { readonly message?: unknown }).message
    super(typeof message === 'string' ? message : type.name)
    this.name = type.name
    this.type = type
    this.value = value
  }
}

/** What travels when a call fails in no declared way (Apache Thrift, `TApplicationException`). */
export const applicationException = struct('TApplicationException', { message: opt(1, string), type: f(2, i32) })

export const ApplicationError = {
  unknownMethod: 1,
  invalidMessageType: 2,
  internalError: 6,
  protocolError: 7,
} as const
