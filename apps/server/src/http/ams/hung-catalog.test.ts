import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { eventually } from '@moraine/testkit/eventually'
import type { LakehouseTable } from '../testing/lakehouse-table.ts'
import { type Lakehouse, openLakehouse } from '../testing/open-lakehouse.ts'
import { committing } from '../testing/puzzle-seeds.ts'

const PLACES = 2
const OUTPUT = { kind: 'output', payload: '{}' } as const

/** Another service with a REST catalog that is registered under this name, and so far answers. */
async function addFar(lake: Lakehouse, name: string) {
  const far = await openLakehouse({ leads: false })
  const uri = await far.listen()
  const properties = { uri: `${uri}/iceberg`, warehouse: 'lake', 'local.folders': far.root }
  await lake.addCatalog({ name, type: 'rest', properties })
  return { ...far, uri }
}

/** Takes connections where somebody else listened, and never answers. */
async function fallSilent(far: Awaited<ReturnType<typeof addFar>>) {
  await far.close()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)))
  })
  server.listen(Number(new URL(far.uri).port), '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { waiting: () => sockets.size, close }
}

/** A service of few places that asks a table's catalog before it commits. */
function openSmall(uris: Map<string, string>) {
  const commits = committing(async ({ table, results }, signal) => {
    await fetch(`${uris.get(table.catalog)}/iceberg/v1/config?warehouse=lake`, { signal })
    return { kind: 'settled', committed: results.map(({ taskId }) => taskId), refused: [] }
  })
  const refresh = { shortestMs: 60_000, longestMs: 300_000, stepMs: 30_000, parallelism: PLACES }
  return openLakehouse({ ...commits, settings: { refresh, planningParallelism: 1, commitParallelism: PLACES } })
}

test('while one catalog takes connections and answers none, tables of another are found, looked at, planned and committed', async () => {
  const uris = new Map<string, string>()
  const lake = await openSmall(uris)
  const hung = await addFar(lake, 'hung')
  const well = await addFar(lake, 'well')
  uris.set('hung', hung.uri).set('well', well.uri).set('lake', well.uri)
  const worker = await lake.register({ threads: 8 })
  const make = (catalog: string, name: string, properties = {}) => lake.makeTable({ catalog, name, properties })
  const begun: LakehouseTable[] = []
  for (const name of ['a', 'b', 'c']) begun.push(await make('hung', name))
  const tasks = await Promise.all(begun.map((_, at) => worker.take(at)))
  const due: LakehouseTable[] = []
  for (const name of ['d', 'e', 'f']) {
    const table = await make('hung', name, { 'self-optimizing.windows': '0 9 * * * for 1h' })
    await table.until('there is work', ({ state }) => state.phase === 'pending')
    due.push(table)
  }
  const silent = await fallSilent(hung)
  try {
    // Three commits, as many plans and looks, and a listing: more than there are places.
    for (const task of tasks) await worker.end(task, OUTPUT)
    for (const table of due) await lake.do('POST', `${table.path}/optimize`, { type: 'minor' })
    await lake.pass(1000)
    for (const table of [...begun, ...due]) await table.notice()
    lake.nudge({ to: 'explorer', catalog: 'hung' })
    await eventually('all places of the catalog are taken', () => silent.waiting() >= 2 * PLACES + 2 || undefined)

    // Without a moment of waiting: time does not pass.
    for (const catalog of ['well', 'lake']) {
      const table = await make(catalog, 'fresh')
      await table.until('it is planned', ({ state }) => state.phase === 'executing')
      await worker.end(await worker.take(5), OUTPUT)
      await table.until('it is committed', ({ optimizedAt }) => optimizedAt !== undefined)
    }
    for (const table of begun) await table.until('it waits', ({ state }) => state.phase === 'committing')

    await eventually('the catalog is left alone', async () => {
      await lake.pass(10_000)
      return (await lake.ask(`${due[2]?.path}/verdict`)).kind === 'catalog-unreachable' || undefined
    })
    const committed = await lake.ask(`${begun[2]?.path}/verdict`)
    assert.match(committed.text, /^catalog 'hung' does not answer since .*did not end within.*; the results wait/)
  } finally {
    silent.close()
    await lake.close()
    await well.close()
  }
})
