// The service with one local optimizer, as `moraine start` composes it, with two differences: tables are looked at all the
// time, and the optimizer connects through the test's proxy. Says in one line where it listens.
//
//   test-service-main.ts DATA-DIR WAREHOUSE PROXY-PORT
import { fileURLToPath } from 'node:url'
import { startServer } from '@moraine/server/compose'
import { DEFAULT_SETTINGS } from '@moraine/server/config/default-settings'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { pino } from 'pino'

/** The catalog of the warehouse that the test writes to. */
const CATALOG = 'disk'

const [dataDir, warehouse, proxyPort] = process.argv.slice(2)
const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
})
const server = await startServer({
  dataDir: must(dataDir, 'DATA-DIR'),
  host: '127.0.0.1',
  httpPort: 0,
  thriftPort: 0,
  leastThreads: 2,
  optimizerCommand: () => [
    process.execPath,
    '--conditions=development',
    main,
    'optimizer',
    '--url',
    `thrift://127.0.0.1:${must(proxyPort, 'PROXY-PORT')}`,
    '--leave-with-parent',
  ],
  settings: {
    ...DEFAULT_SETTINGS,
    refresh: { ...DEFAULT_SETTINGS.refresh, shortestMs: 200, longestMs: 200 },
    exploreIntervalMs: 500,
  },
  clock: systemClock,
  random: systemRandom,
  log: pino({ level: process.env['MORAINE_LOG_LEVEL'] ?? 'warn' }, pino.destination(2)),
})
await server.stores.catalogs.saveCatalog({
  name: CATALOG,
  type: 'hadoop',
  properties: { warehouse: must(warehouse, 'WAREHOUSE') },
})
process.stdout.write(`${JSON.stringify({ url: server.url, thriftPort: server.thriftPort })}\n`)
await stopped
await server.stop()
