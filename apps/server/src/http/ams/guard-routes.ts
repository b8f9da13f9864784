import type { Place, Privilege } from '@moraine/management/access/grant'
import { assert, must } from '@moraine/stdx/assert'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Authenticator } from '../../access/authenticator.ts'
import { demand, demandSight, type Identity } from '../../access/identity.ts'
import { databaseCuts } from '../../catalogs/database-cuts.ts'

/**
 * `open`: for anybody; `known`: for whoever says who they are; `see`: for who has a role at the place or on something in it, with
 * a route that leaves out the rest, or itself demands what it needs of what only the body names.
 */
type Needs = Privilege | 'open' | 'known' | 'see'

type Rule = {
  /** The path, and what lies below it. */
  readonly below: string
  /** Whether the path itself is meant, and nothing below it. */
  readonly isAlone?: true
  /** By method; others are for nobody. */
  readonly needs: Readonly<Record<string, Needs>>
  /** Of a table: its whole database is concerned. */
  readonly isOfDatabase?: true
}

/** The first that fits holds. */
const RULES: readonly Rule[] = [
  { below: '/versionInfo', needs: { GET: 'open' } },
  { below: '/health/status', needs: { GET: 'open' } },
  { below: '/login', needs: { GET: 'open', POST: 'open' } },
  { below: '/logout', needs: { POST: 'open' } },
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
  // Of databases and tables, too, each sees those in which they have a role. Which one is to be created its route judges.
  { below: '/catalogs/:catalog/databases', isAlone: true, needs: { GET: 'see', POST: 'see' } },
  { below: '/catalogs/:catalog/databases/:db/tables', isAlone: true, needs: { GET: 'see', POST: 'write-table' } },
  {
    below: '/catalogs/:catalog/databases',
    needs: { GET: 'view-catalog', POST: 'write-table', PUT: 'write-table', DELETE: 'write-table' },
  },
  { below: '/catalogs/:catalog/dropped-tables', isAlone: true, needs: { GET: 'see' } },
  // What is named is known once it is looked up: the routes judge by that, as a drop is.
  { below: '/catalogs/:catalog/dropped-tables', needs: { POST: 'see' } },
  // Of catalogs each sees those in which they have a role.
  { below: '/catalogs', isAlone: true, needs: { GET: 'known', POST: 'manage-catalog' } },
  {
    below: '/catalogs',
    needs: { GET: 'view-catalog', POST: 'manage-catalog', PUT: 'manage-catalog', DELETE: 'manage-catalog' },
  },
  { below: '/files', needs: { GET: 'manage-catalog', POST: 'manage-catalog' } },
  { below: '/tables', needs: { GET: 'view-table', POST: 'manage-table', DELETE: 'manage-table' } },
  { below: '/optimize/resourceGroups/:group/registration', needs: { GET: 'manage-optimizer' } },
  {
    below: '/optimize',
    needs: { GET: 'view-optimizer', POST: 'manage-optimizer', PUT: 'manage-optimizer', DELETE: 'manage-optimizer' },
  },
  { below: '/settings/containers', needs: { GET: 'manage-optimizer' } },
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
    const identity = await authenticator.identify(request.headers.authorization, request.ip)
    identities.set(request, identity)
    if (needs === 'known') return
    const { table, ...database } = request.params as PathParams
    const concerned = isOfDatabase || table === undefined ? database : { ...database, table }
    for (const place of placesOf(concerned)) {
      if (needs === 'see') demandSight(identity, place)
      else demand(identity, needs, place)
    }
  })
}

/** Whether nobody has to say who they are for a route, by its path below the prefix as OpenAPI writes it. */
export function isOpenRoute(method: string, path: string): boolean {
  return demandOf(method, path.replace(/\{(\w+)\}/g, ':$1')).needs === 'open'
}

/** Who sent a request to a route that is not open to anybody. */
export function identityOf(request: FastifyRequest): Identity {
  return must(identities.get(request), 'who asks')
}

const identities = new WeakMap<FastifyRequest, Identity>()

type Demand = { readonly needs: Needs; readonly isOfDatabase: boolean }

const UNKNOWN_ROUTE: Demand = { needs: 'known', isOfDatabase: false }

function demandOf(method: string, path: string): Demand {
  const asked = method === 'HEAD' ? 'GET' : method
  const rule = RULES.find(({ below, isAlone }) => path === below || (isAlone !== true && path.startsWith(`${below}/`)))
  const needs = rule?.needs[asked]
  assert(needs !== undefined, `no rule says what ${method} ${path} needs`)
  return { needs, isOfDatabase: rule?.isOfDatabase === true }
}

type PathParams = { readonly catalog?: string; readonly db?: string; readonly table?: string }

/** A database with dots may be one level or several: where it is not known which, all of them count. */
function placesOf({ catalog, db, table }: PathParams): readonly Place[] {
  if (catalog === undefined) return [{}]
  if (db === undefined) return [{ catalog }]
  const namespaces = [...databaseCuts(db).take(3)]
  if (namespaces.length > 2) return [{ catalog }]
  return namespaces.map((namespace) => ({ catalog, namespace, ...(table !== undefined && { table }) }))
}
