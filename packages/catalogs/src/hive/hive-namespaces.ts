import { MoraineError } from '@moraine/stdx/error'
import { structOf, type ThriftStruct, textValue, withFields } from '@moraine/thrift/thrift-tree'
import type { CatalogNamespaces } from '../catalog.ts'
import { namespaceExists, namespaceNotEmpty, noSuchNamespace } from '../catalog-error.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { pageOfNames } from '../page.ts'
import type { Properties } from '../properties.ts'
import type { Namespace } from '../table-identifier.ts'
import { hiveFailure, isAnswered } from './hive-failure.ts'
import { withHiveLock } from './hive-lock.ts'
import { checkNewDatabase, hiveDatabase } from './hive-names.ts'
import { findDatabase, type HiveStore } from './hive-store.ts'
import { DatabaseField, i32Value, parametersField, parametersValue, textField } from './hive-struct.ts'
import { alreadyExists, invalidOperation, noSuchObject } from './metastore-thrift.ts'

const LOCATION = 'location'
const COMMENT = 'comment'
const OWNER = 'hive.metastore.database.owner'
const OWNER_TYPE = 'hive.metastore.database.owner-type'

/**
 * The databases of a metastore. `location`, `comment` and the owner are fields there, as in the reference implementation;
 * everything else is a parameter.
 */
export function hiveNamespaces(store: HiveStore): CatalogNamespaces {
  const { metastore, settings } = store
  const line = oneAtATime()
  const load = async (namespace: Namespace, signal?: AbortSignal): Promise<ThriftStruct> => {
    const database = await findDatabase(store, hiveDatabase(namespace), signal)
    if (database === undefined) throw noSuchNamespace(namespace)
    return database
  }
  return {
    async listNamespaces(parent, page, signal) {
      if (parent.length > 0) {
        await load(parent, signal)
        return { items: [] }
      }
      const all = await metastore.repeatable((client, options) => client.get_all_databases({}, options), { signal })
      const { items, ...rest } = pageOfNames([...(all ?? [])].sort(), page)
      return { items: items.map((name) => [name]), ...rest }
    },

    async createNamespace(namespace, properties = {}, signal) {
      checkNewDatabase(namespace)
      const name = hiveDatabase(namespace)
      const location = settings.warehouse === undefined ? {} : { [LOCATION]: `${settings.warehouse}/${name}.db` }
      const owner = Object.hasOwn(properties, OWNER) ? {} : { [OWNER]: settings.user, [OWNER_TYPE]: 'USER' }
      const empty = structOf({ [DatabaseField.name]: textValue(name) })
      const database = withProperties(empty, { ...location, ...owner, ...properties })
      try {
        await metastore.once((client, options) => client.create_database({ database }, options), { signal })
      } catch (error) {
        throw alreadyExists.match(error) === undefined
          ? hiveFailure(`database ${name}`, error)
          : namespaceExists(namespace)
      }
    },

    async dropNamespace(namespace, signal) {
      const name = hiveDatabase(namespace)
      try {
        const request = { name, deleteData: false, cascade: false }
        await metastore.once((client, options) => client.drop_database(request, options), { signal })
      } catch (error) {
        // Some metastores stumble over a database that is not there instead of saying so.
        if (!isAnswered(error)) throw error
        if ((await findDatabase(store, name, signal)) === undefined) throw noSuchNamespace(namespace)
        const refusal = invalidOperation.match(error)
        if (refusal === undefined) throw hiveFailure(`to drop database ${name}`, error)
        throw namespaceNotEmpty(namespace, `what the metastore keeps: ${refusal.message ?? 'no reason given'}`)
      }
    },

    async loadNamespace(namespace, signal) {
      return propertiesOf(await load(namespace, signal))
    },

    updateNamespace(namespace, { set, remove }, signal) {
      const name = hiveDatabase(namespace)
      const update = async () => {
        const database = await load(namespace, signal)
        const before = propertiesOf(database)
        const removed = new Set(remove)
        if (removed.has(LOCATION)) {
          throw new MoraineError('unsupported', `namespace ${name} of a Hive catalog cannot be without location`)
        }
        const kept = Object.entries(before).filter(([key]) => !removed.has(key))
        const db = withProperties(database, Object.fromEntries([...kept, ...Object.entries(set)]))
        try {
          await metastore.once((client, options) => client.alter_database({ dbname: name, db }, options), { signal })
        } catch (error) {
          if (noSuchObject.match(error) !== undefined) throw noSuchNamespace(namespace)
          throw hiveFailure(`the properties of database ${name}`, error)
        }
        return remove.filter((key) => !Object.hasOwn(before, key))
      }
      // A metastore compares nothing here, as it may do for tables: without a lock the later of two changes would undo
      // the earlier. So this takes one even where commits to tables take none.
      const guarded = () => withHiveLock(store, { database: name }, update, signal)
      return line(`changes of namespace ${name}`, guarded, signal)
    },
  }
}

function propertiesOf(database: ThriftStruct): Properties {
  const properties = new Map(parametersField(database, DatabaseField.parameters))
  const location = textField(database, DatabaseField.locationUri)
  const comment = textField(database, DatabaseField.description)
  const owner = textField(database, DatabaseField.ownerName)
  if (location !== undefined) properties.set(LOCATION, location)
  if (comment !== undefined) properties.set(COMMENT, comment)
  if (owner !== undefined) {
    properties.set(OWNER, owner)
    const type = principalTypeOf(database)
    if (type !== undefined) properties.set(OWNER_TYPE, type)
  }
  return Object.fromEntries(properties)
}

function withProperties(database: ThriftStruct, properties: Properties): ThriftStruct {
  const { [LOCATION]: location, [COMMENT]: comment, [OWNER]: owner, [OWNER_TYPE]: ownerType, ...rest } = properties
  const type = ownerType === undefined ? 1 : PRINCIPAL_TYPES.indexOf(ownerType) + 1
  if (type === 0) {
    throw new MoraineError(
      'invalid-input',
      `${OWNER_TYPE} is "${ownerType}"; set it to one of ${PRINCIPAL_TYPES.join(', ')}`,
    )
  }
  if (ownerType !== undefined && owner === undefined) {
    throw new MoraineError('invalid-input', `${OWNER_TYPE} needs ${OWNER} beside it`)
  }
  const text = (value: string | undefined) => (value === undefined ? undefined : textValue(value))
  return withFields(database, {
    [DatabaseField.locationUri]: text(location),
    [DatabaseField.description]: text(comment),
    [DatabaseField.ownerName]: text(owner),
    [DatabaseField.ownerType]: owner === undefined ? undefined : i32Value(type),
    [DatabaseField.parameters]: parametersValue(new Map(Object.entries(rest))),
  })
}

const PRINCIPAL_TYPES: readonly string[] = ['USER', 'ROLE', 'GROUP']

function principalTypeOf(database: ThriftStruct): string | undefined {
  const type = database.fields.find(({ id }) => id === DatabaseField.ownerType)?.value
  return type?.type === 'i32' ? PRINCIPAL_TYPES[type.value - 1] : undefined
}
