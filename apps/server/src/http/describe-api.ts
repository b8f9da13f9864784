import { icebergError } from '@moraine/api/iceberg/iceberg-schemas'
import { oauthError, oauthToken, oauthTokenForm } from '@moraine/api/iceberg/oauth-schemas'
import { assert, must } from '@moraine/stdx/assert'
import type { TSchema } from 'typebox'
import { OPERATION_IDS } from './operation-ids.ts'

/** As far as it is touched here. */
type Operation = {
  operationId?: string
  security?: readonly object[]
  readonly requestBody?: unknown
  readonly responses?: unknown
  readonly [field: string]: unknown
}
type Document = {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown>; securitySchemes?: Record<string, unknown> }
  security?: readonly object[]
}

/**
 * The description of the API as it was made from the routes, with what no route can say: the id of each operation, how one says
 * who one is, the token endpoint, whose form is read by hand, and each schema that has a title once, below `components`.
 *
 * @param open what whoever asks need not say who they are for, as `GET /path`
 */
export function describeApi<T extends object>(made: T, open: (method: string, path: string) => boolean): T {
  // The library's type has optional parts that it always makes.
  const document = structuredClone(made) as unknown as Document
  document.paths[TOKENS] = { post: TOKEN_OPERATION }
  for (const [path, operations] of Object.entries(document.paths)) {
    // Those that Fastify adds to each GET; the protocol's own mean something else than their GETs.
    if (!path.startsWith(ICEBERG)) delete operations['head']
    for (const [method, operation] of Object.entries(operations)) {
      operation.operationId = must(OPERATION_IDS[path]?.[method], `an id of ${method} ${path}`)
      if (open(method.toUpperCase(), path)) operation.security = []
    }
  }
  const schemas: Record<string, unknown> = {}
  const paths = shareTitled(document.paths, schemas) as Document['paths']
  const byName = Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const described: Document = {
    ...document,
    components: { ...document.components, schemas: Object.fromEntries(byName), securitySchemes: SCHEMES },
    security: [{ bearer: [] }, { basic: [] }],
    paths,
  }
  return described as unknown as T
}

const ICEBERG = '/api/iceberg/rest/'
const TOKENS = `${ICEBERG}v1/oauth/tokens`

const SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of /v1/oauth/tokens, or a credential in one word (`mor_ID_SECRET`).',
  },
  basic: { type: 'http', scheme: 'basic', description: "A credential's id and secret." },
}

const json = (schema: TSchema) => ({ 'application/json': { schema } })
const failure = { description: 'Default Response', content: json({ anyOf: [oauthError, icebergError] }) }
const TOKEN_OPERATION: Operation = {
  tags: ['iceberg'],
  summary: 'Exchange a credential, or a token, for a token that holds for a while',
  requestBody: {
    required: true,
    content: { 'application/x-www-form-urlencoded': { schema: oauthTokenForm } },
  },
  responses: {
    200: { description: 'Default Response', content: json(oauthToken) },
    '4XX': failure,
    '5XX': failure,
  },
}

/** The value with a reference in place of each schema that has a title; these go to `schemas`, what is in them likewise. */
function shareTitled(value: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => shareTitled(each, schemas))
  if (typeof value !== 'object' || value === null) return value
  const shared = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shareTitled(each, schemas)]))
  const { title, type } = shared
  if (typeof title !== 'string' || typeof type !== 'string') return shared
  const known = schemas[title]
  assert(
    known === undefined || JSON.stringify(known) === JSON.stringify(shared),
    `two schemas of the API have the title ${title}`,
  )
  schemas[title] = shared
  return { $ref: `#/components/schemas/${title}` }
}
