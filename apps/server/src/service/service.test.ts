import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundedJobs } from './jobs.ts'
import { SILENT_LOG } from './log.ts'
import { type Service, startServices, stopServices } from './service.ts'

const quiet = () => new Promise((resolve) => setImmediate(resolve))

function service(name: string, events: string[], fails: 'start' | 'stop' | 'never' = 'never'): Service {
  const step = (what: 'start' | 'stop') => async () => {
    events.push(`${what} ${name}`)
    if (fails === what) throw new Error(`${name} cannot ${what}`)
  }
  return { name, start: step('start'), stop: step('stop') }
}

test('if a service cannot start, none after it is started', async () => {
  const events: string[] = []
  const services = [service('a', events), service('b', events, 'start'), service('c', events)]
  await assert.rejects(startServices(services, new AbortController().signal), /b cannot start/)
  assert.deepEqual(events, ['start a', 'start b'])
})

test('one service that cannot stop keeps no other from stopping', async () => {
  const events: string[] = []
  await assert.rejects(stopServices([service('a', events, 'stop'), service('b', events)]), /a cannot stop/)
  assert.deepEqual(events, ['stop a', 'stop b'])
})

test('jobs are bounded, one of a key, and what they throw stops nothing', async () => {
  let ends = 0
  const jobs = boundedJobs<string>({ name: 'job', limit: 2, log: SILENT_LOG, onEnd: () => (ends += 1) })
  let release = () => {}
  jobs.start('a', () => new Promise((resolve) => (release = resolve)))
  jobs.start('b', () => Promise.reject(new Error('broken')))
  assert.deepEqual([jobs.has('a'), jobs.has('c'), jobs.free, jobs.size], [true, false, 0, 2])
  await quiet()
  assert.deepEqual([jobs.has('b'), jobs.free, ends], [false, 1, 1])
  const drained = jobs.drain()
  release()
  await drained
  assert.deepEqual([jobs.size, ends], [0, 2])
})
