import { type JdbcCatalog, openJdbcCatalog } from '@moraine/catalogs/jdbc/jdbc-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import type { Started } from '../lab/json-lines-worker.ts'
import { runLabScript } from '../lab/lab-script.ts'

/** How files of the catalogs' warehouses are reached. */
export const lakeIO = localFileIO(systemRandom)

/** Where one catalog is, for each of those who share it. */
export type LakeProperties = {
  readonly moraine: Readonly<Record<string, string>>
  readonly spark: Readonly<Record<string, string>>
  readonly pyiceberg: Readonly<Record<string, string>>
}

/** A catalog as users open it; what it leaves behind fails the test. */
export function openLake(name: string, properties: Readonly<Record<string, string>>): Promise<JdbcCatalog> {
  return openJdbcCatalog({
    name,
    properties,
    io: lakeIO,
    clock: systemClock,
    random: systemRandom,
    onLeftover(error, what) {
      throw new Error(`${what.join(', ')} was left behind`, { cause: error })
    },
  })
}

/** What engines that are started later need to reach the databases. */
export function provideDrivers(): Started<undefined> {
  const installed = runLabScript('../jdbc/drivers.sh', [])
  if (installed.kind === 'unavailable') return installed
  const { classPath = '', pythonPath = '' } = JSON.parse(installed.engine) as Readonly<Record<string, string>>
  process.env['SPARK_DIST_CLASSPATH'] = classPath
  process.env['PYTHONPATH'] = pythonPath
  return { kind: 'started', engine: undefined }
}
