import { envelope } from '@moraine/api/rest/envelope'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'

/** Gives handlers the types of their route's TypeBox schemas. */
interface TypeBoxProvider extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  readonly serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown
}

export type ApiServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxProvider
>

/** The schema of a route that answers in the envelope; errors are described once, for all routes. */
export function answers<T extends TSchema>(result: T) {
  return { 200: envelope(result) }
}

export function success<T>(result: T): { message: 'success'; code: 200; result: T } {
  return { message: 'success', code: 200, result }
}

/** Amoro's clients look for a result even where there is nothing to say. */
export const nothing = Type.Null()
