import { parentPort, workerData } from 'node:worker_threads'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { type ReadingOptions, readingHere } from './reading-here.ts'
import { type FromThread, type ToThread, toSent } from './thread-messages.ts'
import { turnQueue } from './turn-queue.ts'

/** The script of a thread that reads tables for {@link readingThreads}. */
export type ReadingThreadData = Pick<ReadingOptions, 'indexBytes' | 'tableBytes'>

type Order = Exclude<ToThread, { kind: 'call-off' }>

const port = must(parentPort, 'this script is run as a worker thread')
const reading = readingHere({
  ...(workerData as ReadingThreadData),
  ...{ clock: systemClock, random: systemRandom, blocks: true },
})
/** Orders that are not answered yet. */
const underway = new Map<number, AbortController>()
const queue = turnQueue<Order>((order) => void answer(order))

port.on('message', (told: ToThread) => {
  if (told.kind === 'call-off') return underway.get(told.id)?.abort(new MoraineError('aborted', 'it was called off'))
  underway.set(told.id, new AbortController())
  queue(told)
})

async function answer(told: Order): Promise<void> {
  const { id } = told
  const send = (message: FromThread) => port.postMessage(message)
  try {
    const { signal } = must(underway.get(id), `order ${id}`)
    const made =
      told.kind === 'evaluate'
        ? await reading.evaluate(told.table, told.terms, signal)
        : await reading.plan(told.table, told.terms, signal)
    send({ id, made })
  } catch (error) {
    send({ id, failure: toSent(error) })
  } finally {
    underway.delete(id)
  }
}
