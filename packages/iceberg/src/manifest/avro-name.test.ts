import assert from 'node:assert/strict'
import { test } from 'node:test'
import { avroName } from './avro-name.ts'

for (const [name, expected] of [
  ['ts_day', 'ts_day'],
  ['_x', '_x'],
  ['a.b', 'a_x2Eb'],
  ['1st', '_1st'],
  ['a1', 'a1'],
  ['9', '_9'],
  ['-', '_x2D'],
  ['größe', 'größe'],
  ['漢字', '漢字'],
  ['a b/c', 'a_x20b_x2Fc'],
  ['😀', '_xD83D_xDE00'],
  ['a٣', 'a٣'],
  ['٣', '_٣'],
] as const) {
  test(`${JSON.stringify(name)} becomes ${JSON.stringify(expected)}`, () => {
    assert.equal(avroName(name), expected)
  })
}
