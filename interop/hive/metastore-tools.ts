import type { HiveCatalog } from '@moraine/catalogs/hive/hive-catalog'
import { hiveCatalog } from '@moraine/catalogs/hive/hive-catalog'
import { hiveSettings } from '@moraine/catalogs/hive/hive-settings'
import { type Metastore, openMetastore } from '@moraine/catalogs/hive/metastore'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'

export const io = localFileIO(systemRandom)

/** A Hive catalog as users open it; what it leaves behind fails the test. */
export function openHive(properties: Readonly<Record<string, string>>): HiveCatalog {
  return hiveCatalog({
    name: 'hive',
    properties,
    io,
    clock: systemClock,
    random: systemRandom,
    hostname: 'interop',
    onLeftover(error, what) {
      throw new Error(`${what.join(', ')} was left behind`, { cause: error })
    },
  })
}

/** The metastore itself, for what a catalog does not do. */
export function connectToHive(properties: Readonly<Record<string, string>>): Metastore {
  return openMetastore(hiveSettings(properties), systemClock, systemRandom)
}

/** Locks of everybody, as `SHOW LOCKS` lists them. */
export async function heldLocks(metastore: Metastore): Promise<readonly string[]> {
  const shown = await metastore.repeatable((client, options) => client.show_locks({ rqst: {} }, options))
  return (shown?.locks ?? []).map(
    ({ dbname, tablename, user, agentInfo }) => `${dbname}.${tablename} ${user} ${agentInfo}`,
  )
}

/** Drops all that a test made. */
export async function dropDatabases(metastore: Metastore): Promise<void> {
  const names = await metastore.repeatable((client, options) => client.get_all_databases({}, options))
  for (const name of (names ?? []).filter((each) => each !== 'default')) {
    const request = { name, deleteData: true, cascade: true }
    await metastore.once((client, options) => client.drop_database(request, options))
  }
}
