import type { Database, DatabaseInput } from '@aws-sdk/client-glue'
import { outcomeUnknown } from '@moraine/stdx/error'
import type { CatalogNamespaces } from '../catalog.ts'
import { namespaceExists, namespaceNotEmpty, noSuchNamespace } from '../catalog-error.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import type { Properties } from '../properties.ts'
import type { Namespace } from '../table-identifier.ts'
import { isGlueAnswer } from './glue-failure.ts'
import { checkNewGlueDatabase, glueDatabase } from './glue-names.ts'
import type { GlueCall, GlueService } from './glue-service.ts'
import { findGlueDatabase, type GlueStore } from './glue-store.ts'
import { isIcebergInGlue } from './glue-table.ts'
import { settleGlueChange } from './settle-glue-change.ts'

const LOCATION = 'location'
const COMMENT = 'comment'

/** The databases of Glue. `location` and `comment` are fields there, as in the reference implementation; the rest are parameters. */
export function glueNamespaces(store: GlueStore): CatalogNamespaces {
  const { service, settings } = store
  const CatalogId = settings.catalogId
  const line = oneAtATime()
  const load = async (namespace: Namespace, signal?: AbortSignal): Promise<Database> => {
    const database = await findGlueDatabase(store, glueDatabase(namespace), signal)
    if (database === undefined) throw noSuchNamespace(namespace)
    return database
  }
  return {
    async listNamespaces(parent, page, signal) {
      if (parent.length > 0) {
        await load(parent, signal)
        return { items: [] }
      }
      const request = { CatalogId, MaxResults: PAGE_MAX, NextToken: page }
      const call = 'to list databases'
      const answer = await service.repeatable(call, (glue, options) => glue.getDatabases(request, options), signal)
      return {
        items: (answer.DatabaseList ?? []).map(({ Name }) => [Name ?? '']),
        ...(answer.NextToken ? { nextPage: answer.NextToken } : {}),
      }
    },

    createNamespace: (namespace, properties, signal) => createDatabase(store, namespace, properties, signal),
    dropNamespace: (namespace, signal) => dropDatabase(store, namespace, signal),

    async loadNamespace(namespace, signal) {
      return propertiesOf(await load(namespace, signal))
    },

    updateNamespace(namespace, { set, remove }, signal) {
      const name = glueDatabase(namespace)
      const update = async () => {
        const database = await load(namespace, signal)
        const before = propertiesOf(database)
        const removed = new Set(remove)
        const kept = Object.entries(before).filter(([key]) => !removed.has(key))
        const after = Object.fromEntries([...kept, ...Object.entries(set)])
        const request = { CatalogId, Name: name, DatabaseInput: withProperties(database, after) }
        await changeDatabase(service, name, 'update', (glue, options) => glue.updateDatabase(request, options), signal)
        return remove.filter((key) => !Object.hasOwn(before, key))
      }
      // Glue compares nothing here: of two changes at the same moment, by other processes, the later undoes the earlier.
      return line(`changes of namespace ${name}`, update, signal)
    },
  }
}

/** The most that Glue gives. */
const PAGE_MAX = 100

async function createDatabase(
  { service, settings }: GlueStore,
  namespace: Namespace,
  properties: Properties = {},
  signal: AbortSignal | undefined,
) {
  checkNewGlueDatabase(namespace, settings)
  const name = glueDatabase(namespace)
  const request = { CatalogId: settings.catalogId, DatabaseInput: withProperties({ Name: name }, properties) }
  try {
    // After a lost answer there is no telling whose database is there: the next attempt says `already-exists`.
    await changeDatabase(service, name, 'create', (glue, options) => glue.createDatabase(request, options), signal)
  } catch (error) {
    throw isGlueAnswer(error, 'AlreadyExistsException') ? namespaceExists(namespace) : error
  }
}

/** Whoever gives up on a change that was sent does not know whether it was made. */
async function changeDatabase(
  service: GlueService,
  name: string,
  what: 'create' | 'update',
  call: GlueCall<unknown>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let isSent = false
  const send: GlueCall<unknown> = (glue, options) => {
    isSent = true
    return call(glue, options)
  }
  try {
    await service.repeatable(`to ${what} database ${name}`, send, signal)
  } catch (error) {
    if (!isSent || signal?.aborted !== true) throw error
    const text = `database ${name} may or may not have been ${what}d; look at it before that is asked for again`
    throw outcomeUnknown(text, error)
  }
}

/** Glue deletes a database with all that it has, so what it has is looked for first; what comes in between is lost. */
async function dropDatabase(store: GlueStore, namespace: Namespace, signal: AbortSignal | undefined): Promise<void> {
  const { service, settings } = store
  const CatalogId = settings.catalogId
  const name = glueDatabase(namespace)
  try {
    let page: string | undefined
    do {
      const request = { CatalogId, DatabaseName: name, NextToken: page }
      const doing = `to list the tables of ${name}`
      const answer = await service.repeatable(doing, (glue, options) => glue.getTables(request, options), signal)
      const [table] = answer.TableList ?? []
      if (table !== undefined) {
        throw namespaceNotEmpty(namespace, `${isIcebergInGlue(table) ? '' : 'what is no Iceberg table, '}${table.Name}`)
      }
      page = answer.NextToken || undefined
    } while (page !== undefined)
    const outcome = await settleGlueChange(service, {
      doing: `to drop database ${name}`,
      call: (glue, options) => glue.deleteDatabase({ CatalogId, Name: name }, options),
      look: async () => ((await findGlueDatabase(store, name)) === undefined ? 'won' : 'open'),
    })
    if (typeof outcome === 'object') throw outcome.unknown
  } catch (error) {
    throw isGlueAnswer(error, 'EntityNotFoundException') ? noSuchNamespace(namespace) : error
  }
}

function propertiesOf({ Parameters, LocationUri, Description }: Database): Properties {
  const properties = new Map(Object.entries(Parameters ?? {}))
  if (LocationUri) properties.set(LOCATION, LocationUri)
  if (Description) properties.set(COMMENT, Description)
  return Object.fromEntries(properties)
}

function withProperties(database: Database | { readonly Name: string }, properties: Properties): DatabaseInput {
  const { CreateTableDefaultPermissions, TargetDatabase, FederatedDatabase }: Partial<Database> = database
  const parameters = Object.entries(properties).filter(([key]) => key !== LOCATION && key !== COMMENT)
  return {
    Name: database.Name,
    LocationUri: Object.hasOwn(properties, LOCATION) ? properties[LOCATION] : undefined,
    Description: Object.hasOwn(properties, COMMENT) ? properties[COMMENT] : undefined,
    Parameters: Object.fromEntries(parameters),
    CreateTableDefaultPermissions,
    TargetDatabase,
    FederatedDatabase,
  }
}
