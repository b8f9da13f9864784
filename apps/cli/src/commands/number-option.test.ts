import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { numberOption, PORTS, THREADS } from './number-option.ts'

test('the ends of a range belong to it', () => {
  assert.equal(numberOption('--port', '0', PORTS), 0)
  assert.equal(numberOption('--port', '65535', PORTS), 65_535)
  assert.equal(numberOption('--threads', '1', THREADS), 1)
})

for (const text of ['0', '1001', '', ' ', '-1', '1.5', '1e2', '0x10', 'two', '99999999999999999999']) {
  test(`--threads '${text}' is refused with its range`, () => {
    assert.throws(
      () => numberOption('--threads', text, THREADS),
      (error) => isKind(error, 'invalid-input') && error.message.endsWith('a whole number from 1 to 1000'),
    )
  })
}
