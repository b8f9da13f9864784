import { ICEBERG_ENDPOINTS } from '@moraine/api/iceberg/iceberg-endpoints'
import { must } from '@moraine/stdx/assert'
import type { FastifySchema } from 'fastify'
import { type TSchema, Type } from 'typebox'

/** A route's schema, for the description of the API and nothing else. */
type Described = {
  readonly schema: FastifySchema
  readonly validatorCompiler?: () => () => true
}

/** @param endpoint method and path as the protocol writes them */
export function describeEndpoint(endpoint: string, isDescribed: boolean): Described {
  if (!isDescribed) return { schema: { hide: true } }
  const { summary, querystring, body, response } = must(ICEBERG_ENDPOINTS[endpoint], `a description of ${endpoint}`)
  return {
    schema: {
      tags: ['iceberg'],
      summary,
      ...(querystring !== undefined && { querystring }),
      ...(body !== undefined && { body }),
      ...pathParams(endpoint),
      response,
    },
    // Requests are read by the protocol's decoders, which name the place and take what older clients send.
    validatorCompiler: () => () => true,
  }
}

/** The path as Fastify writes it, below the prefix of the protocol. */
export function routePath(path: string): string {
  return path
    .replace('{prefix}', 'catalogs/:warehouse')
    .replaceAll(/\{([\w-]+)\}/g, (_, name: string) => `:${name.replaceAll('-', '_')}`)
}

function pathParams(endpoint: string): { readonly params?: TSchema } {
  const names = [...routePath(endpoint).matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  if (names.length === 0) return {}
  return { params: Type.Object(Object.fromEntries(names.map((name) => [name, Type.String()]))) }
}
