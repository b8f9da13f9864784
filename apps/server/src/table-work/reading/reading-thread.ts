import { parentPort, workerData } from 'node:worker_threads'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { readingHere } from './reading-here.ts'
import { type FromThread, type ToThread, toSent } from './thread-messages.ts'

/** The script of a thread that reads tables for {@link readingThreads}. */
export type ReadingThreadData = { readonly indexBytes: number }

const port = must(parentPort, 'this script is run as a worker thread')
const { indexBytes } = workerData as ReadingThreadData
const reading = readingHere({ clock: systemClock, random: systemRandom, blocks: true, indexBytes })
const underway = new Map<number, AbortController>()

port.on('message', (told: ToThread) => {
  if (told.kind === 'call-off') return underway.get(told.id)?.abort(new MoraineError('aborted', 'it was called off'))
  void answer(told)
})

async function answer(told: Exclude<ToThread, { kind: 'call-off' }>): Promise<void> {
  const { id } = told
  const stopping = new AbortController()
  underway.set(id, stopping)
  const send = (message: FromThread) => port.postMessage(message)
  try {
    const { signal } = stopping
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
