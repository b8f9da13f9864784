import type { Place, Privilege } from '@moraine/management/access/grant'
import { assert } from '@moraine/stdx/assert'
import type { FastifyInstance } from 'fastify'
import type { Authenticator } from '../../access/authenticator.ts'
import { demand } from '../../access/identity.ts'

/** `open`: for anybody; `known`: for whoever says who they are. */
type Needs = Privilege | 'open' | 'known'

type Rule = {
  /** The path, and what lies below it. */
  readonly below: string
  /** By method; others are for nobody. */
  readonly needs: Readonly<Record<string, Needs>>
  /** Of a table: its whole database is concerned. */
  readonly isOfDatabase?: true
}

/** The first that fits holds. */
const RULES: readonly Rule[] = [
  { below: '/versionInfo', needs: { GET: 'open' } },
  { below: '/health/status', needs: { GET: 'open' } },
  { below: '/catalogs/metastore', needs: { GET: 'known' } },
  { below: '/catalogs/test', needs: { POST: 'manage-catalog' } },
  {
    below: '/catalogs/:catalog/databases/:db/tables/:table/rename',
    needs: { POST: 'write-table' },
    isOfDatabase: true,
  },
  {
    below: '/catalogs/:catalog/databases/:db/tables/:table',
    needs: { GET: 'view-table', POST: 'write-table', DELETE: 'write-table' },
  },
  {
    below: '/catalogs/:catalog/databases',
    needs: { GET: 'view-catalog', POST: 'write-table', PUT: 'write-table', DELETE: 'write-table' },
  },
  { below: '/catalogs/:catalog/dropped-tables', needs: { GET: 'view-catalog', POST: 'write-table' } },
  {
    below: '/catalogs',
    needs: { GET: 'view-catalog', POST: 'manage-catalog', PUT: 'manage-catalog', DELETE: 'manage-catalog' },
  },
  { below: '/tables', needs: { GET: 'view-table', POST: 'manage-table' } },
  {
    below: '/optimize',
    needs: { GET: 'view-optimizer', POST: 'manage-optimizer', PUT: 'manage-optimizer', DELETE: 'manage-optimizer' },
  },
  { below: '/moraine/tables', needs: { GET: 'view-table' } },
  {
    below: '/principals',
    needs: { GET: 'manage-platform', POST: 'manage-platform', PUT: 'manage-platform', DELETE: 'manage-platform' },
  },
]

/**
 * Holds all routes that are registered after it, below the prefix, to what they need. A route for which there is no rule
 * cannot be registered.
 */
export function guardRoutes(server: FastifyInstance, prefix: string, authenticator: Authenticator): void {
  const rules = new Map<string, Demand>()
  server.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) rules.set(`${each} ${url}`, demandOf(each, url.slice(prefix.length)))
  })
  server.addHook('onRequest', async (request) => {
    const { method, url } = request.routeOptions
    const { needs, isOfDatabase } = rules.get(`${method} ${url}`) ?? UNKNOWN_ROUTE
    if (needs === 'open') return
    const identity = await authenticator.identify(request.headers.authorization)
    if (needs === 'known') return
    const { table, ...database } = request.params as PathParams
    const concerned = isOfDatabase || table === undefined ? database : { ...database, table }
    for (const place of placesOf(concerned)) demand(identity, needs, place)
  })
}

type Demand = { readonly needs: Needs; readonly isOfDatabase: boolean }

const UNKNOWN_ROUTE: Demand = { needs: 'known', isOfDatabase: false }

function demandOf(method: string, path: string): Demand {
  const asked = method === 'HEAD' ? 'GET' : method
  const rule = RULES.find(({ below }) => path === below || path.startsWith(`${below}/`))
  const needs = rule?.needs[asked]
  assert(needs !== undefined, `no rule says what ${method} ${path} needs`)
  return { needs, isOfDatabase: rule?.isOfDatabase === true }
}

type PathParams = { readonly catalog?: string; readonly db?: string; readonly table?: string }

/** A database with dots may be one level or several: where it is not known which, all of them count. */
function placesOf({ catalog, db, table }: PathParams): readonly Place[] {
  if (catalog === undefined) return [{}]
  if (db === undefined) return [{ catalog }]
  const levels = db.split('.')
  if (levels.length > 2) return [{ catalog }]
  const namespaces = levels.length === 1 ? [[db]] : [[db], levels]
  return namespaces.map((namespace) => ({ catalog, namespace, ...(table !== undefined && { table }) }))
}
