import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { oneAtATime } from './one-at-a-time.ts'

/** A task that says when it began and ends when told. */
function task(events: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>()
  const run = async () => {
    events.push(`${name} begins`)
    await promise
    events.push(`${name} ends`)
    return name
  }
  return { run, end: resolve }
}

test('tasks of one key follow each other, those of others do not wait', async () => {
  const line = oneAtATime()
  const events: string[] = []
  const [a1, a2, b1] = [task(events, 'a1'), task(events, 'a2'), task(events, 'b1')]
  const running = [line('a', a1.run), line('a', a2.run), line('b', b1.run)]
  b1.end()
  assert.equal(await running[2], 'b1')
  a2.end()
  a1.end()
  assert.deepEqual(await Promise.all(running), ['a1', 'a2', 'b1'])
  assert.deepEqual(events, ['a1 begins', 'b1 begins', 'b1 ends', 'a1 ends', 'a2 begins', 'a2 ends'])
})

test('a task that fails does not stop the next', async () => {
  const line = oneAtATime()
  const failing = line('a', () => Promise.reject(new Error('boom')))
  const next = line('a', async () => 'fine')
  await assert.rejects(failing, /boom/)
  assert.equal(await next, 'fine')
})

test('whoever gives up while waiting leaves at once, and its task never begins', async () => {
  const line = oneAtATime()
  const events: string[] = []
  const first = task(events, 'first')
  const running = line('a', first.run)
  const giveUp = new AbortController()
  const second = line('a', task(events, 'second').run, giveUp.signal)
  const third = line('a', async () => 'third')
  giveUp.abort()
  await assert.rejects(second, (error) => isKind(error, 'aborted'))
  first.end()
  await running
  assert.equal(await third, 'third')
  assert.deepEqual(events, ['first begins', 'first ends'])
})

test('a line that is too long turns newcomers away, and takes them again later', async () => {
  const line = oneAtATime()
  const first = task([], 'first')
  const waiting = [line('a', first.run), ...Array.from({ length: 999 }, () => line('a', async () => 'x'))]
  await assert.rejects(
    line('a', async () => 'y'),
    (error) => isKind(error, 'unavailable'),
  )
  first.end()
  await Promise.all(waiting)
  assert.equal(await line('a', async () => 'y'), 'y')
})
