import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unexplainedLines } from './judge-log.ts'

const line = (level: number, msg: string, failure?: string) => JSON.stringify({ level, msg, failure })

test('a warning is explained by its message, and by no failure of our own making', () => {
  const counts = new Map<string, number>()
  const lines = [
    'moraine listens on http://127.0.0.1:1, for optimizers on thrift port 2',
    line(30, 'anything that is no warning'),
    line(40, 'an optimizer is lost'),
    line(50, 'a reconciler failed and will run again', 'unavailable: no connection'),
  ]
  const wrong = [
    line(50, 'a reconciler failed and will run again', 'TypeError: x is not a function'),
    line(40, 'the moon is made of cheese'),
    'Error: printed past the logger',
  ]
  const unexplained = unexplainedLines([{ name: 'server 0', lines: [...lines, ...wrong] }], counts)
  assert.deepEqual(
    unexplained,
    wrong.map((each) => `server 0: ${each}`),
  )
  assert.deepEqual(Object.fromEntries(counts), {
    'an optimizer is lost': 1,
    'a reconciler failed and will run again': 1,
  })
})
