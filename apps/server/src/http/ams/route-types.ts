import { envelope, errorEnvelope } from '@moraine/api/rest/envelope'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { Static, TSchema } from 'typebox'

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

/** What a route answers, in the envelope: its result, or a failure. */
export function answers<T extends TSchema>(result: T) {
  return { 200: envelope(result), '4xx': errorEnvelope, '5xx': errorEnvelope }
}

/** The rows of a 1-based page. */
export function pageOf({ page, pageSize }: { readonly page: number; readonly pageSize: number }) {
  return { offset: (page - 1) * pageSize, limit: pageSize }
}

export function success<T>(result: T): { message: 'success'; code: 200; result: T } {
  return { message: 'success', code: 200, result }
}
