import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ProcessId } from '@moraine/lifecycle/identity'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { type Lakehouse, openLakehouse } from '../../http/testing/open-lakehouse.ts'
import { SILENT_LOG } from '../../service/log.ts'
import { readingHere } from './reading-here.ts'
import { readingThreads } from './reading-threads.ts'
import type { PointedTable } from './table-reading.ts'
import { readingThread, type ThreadOrder } from './thread-handle.ts'

const never = new AbortController().signal
const surroundings = { clock: systemClock, random: systemRandom }
const here = readingHere({ ...surroundings, blocks: false, indexBytes: 1e6, tableBytes: 1e6 })
const threads = readingThreads({ threads: 2, tableBytes: 1e6, clock: systemClock, log: SILENT_LOG })
const terms = { clocks: new Map(), now: systemClock.now() }

let lakehouse: Lakehouse
let orders: PointedTable
before(async () => {
  lakehouse = await openLakehouse({ leads: false })
  const { name, load } = await lakehouse.makeTable({ regions: ['eu', 'us'] })
  const { metadataLocation } = await load()
  orders = { table: name, metadataLocation, storage: {}, boundsFiles: true, tableDefaults: {} }
})
after(async () => {
  await threads.stop()
  await lakehouse.close()
})

test('a table is judged and planned in a thread as it is here', async () => {
  const evaluated = await threads.evaluate(orders, terms, never)
  assert.equal(evaluated?.totals.dataFiles, 4)
  assert.deepEqual(evaluated, await here.evaluate(orders, terms, never))
  const asked = { ...terms, processId: '7' as ProcessId, request: { type: 'full' }, maxCostBytes: 1e12 } as const
  const planned = await threads.plan(orders, asked, never)
  assert.equal(planned?.tasks.length, 2)
  assert.deepEqual(planned, await here.plan(orders, asked, never))
})

test("a catalog's defaults are below a table's own properties, in a thread too", async () => {
  const tableDefaults = { 'self-optimizing.enabled': 'false' }
  const evaluated = await threads.evaluate({ ...orders, tableDefaults }, terms, never)
  assert.equal(evaluated?.settings.enabled, false)
})

test('a metadata file that is not there makes nothing', async () => {
  const gone = { ...orders, metadataLocation: `${orders.metadataLocation}.gone` }
  assert.equal(await threads.evaluate(gone, terms, never), undefined)
})

test('what cannot be read is told as it is here', async () => {
  const wrong = { ...orders, tableDefaults: { 'self-optimizing.windows': 'whenever' } }
  const failureOf = async (reading: typeof here) =>
    reading.evaluate(wrong, terms, never).catch((error: unknown) => error)
  const [there, known] = [await failureOf(threads), await failureOf(here)]
  assert.ok(isKind(known, 'invalid-input') && isKind(there, 'invalid-input'))
  assert.equal(there.message, known.message)
})

test('a table whose files do not fit into the memory there is for one is refused, with how many they are', async () => {
  const narrow = readingHere({ ...surroundings, blocks: false, indexBytes: 1e6, tableBytes: 199 })
  await assert.rejects(
    narrow.evaluate(orders, terms, never),
    (error) =>
      isKind(error, 'exhausted') &&
      /its 4 data files and 0 delete files take 200 B .* may take 199 B/.test(error.message),
  )
})

const thread = (body: string, clock = virtualClock()) =>
  readingThread({
    clock,
    log: SILENT_LOG,
    indexBytes: 1,
    tableBytes: 1,
    script: new URL(`data:text/javascript,${encodeURIComponent(body)}`),
  })
const LISTENS = "import { parentPort } from 'node:worker_threads'; parentPort.on('message', (told) => {"
const order = (): ThreadOrder => ({ kind: 'evaluate', table: orders, terms })

test('a thread that dies fails what it was reading, to be tried again, and another begins', async () => {
  const mortal = thread(
    `${LISTENS} if (told.id === 1) process.exit(1); parentPort.postMessage({ id: told.id, made: {} }) })`,
  )
  const [first, second] = [mortal.ask(order(), never), mortal.ask(order(), never)]
  for (const each of [first, second]) await assert.rejects(each, (error) => isKind(error, 'unavailable'))
  // The ids begin anew: this one dies as well, which shows that it is another.
  await assert.rejects(mortal.ask(order(), never), (error) => isKind(error, 'unavailable'))
  await mortal.stop()
})

test('what is called off is not waited for; a thread that does not heed it is ended', async () => {
  const clock = virtualClock()
  const stuck = thread(`${LISTENS} for (;;); })`, clock)
  const calledOff = new AbortController()
  const [first, second] = [stuck.ask(order(), calledOff.signal), stuck.ask(order(), never)]
  calledOff.abort()
  await assert.rejects(first, (error) => isKind(error, 'aborted'))
  await clock.run(assert.rejects(second, (error) => isKind(error, 'unavailable')))
  await stuck.stop()
})

test('one that heeds it goes on', async () => {
  const answers = `parentPort.postMessage({ id: told.id, made: { kind: told.kind } })`
  const heeding = thread(`${LISTENS} if (told.kind !== 'evaluate' || told.id > 1) ${answers} })`)
  const calledOff = new AbortController()
  const first = heeding.ask(order(), calledOff.signal)
  calledOff.abort()
  await assert.rejects(first, (error) => isKind(error, 'aborted'))
  assert.deepEqual(await heeding.ask(order(), never), { kind: 'evaluate' })
  await heeding.stop()
})

test('at the end what is under way fails, and nothing begins', async () => {
  const deaf = thread(`${LISTENS} })`)
  const underway = deaf.ask(order(), never)
  const failed = assert.rejects(underway, (error) => isKind(error, 'aborted'))
  await deaf.stop()
  await failed
  await assert.rejects(deaf.ask(order(), never), (error) => isKind(error, 'aborted'))
})
