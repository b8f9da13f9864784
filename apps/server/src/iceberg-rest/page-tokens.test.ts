import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '@moraine/stdx/random'
import { pageTokens } from './page-tokens.ts'

const LIST = ['bi', 'tables', 'lake', 'sales']

test('a token opens for the list it was made for, and says nothing of what is in it', () => {
  const key = new Uint8Array(32).fill(1)
  const tokens = pageTokens(key, systemRandom)
  for (const name of ['salaries', '', 'a\0b', 'é'.repeat(200)]) {
    const sealed = tokens.seal(LIST, name)
    assert.match(sealed, /^[\w-]+$/)
    assert.equal(pageTokens(key, systemRandom).open(LIST, sealed), name)
  }
  const sealed = tokens.seal(LIST, 'salaries')
  assert.equal(tokens.seal(LIST, 'x').length, sealed.length)
  assert.notEqual(tokens.seal(LIST, 'salaries'), sealed)
  const others = [['etl', 'tables', 'lake', 'sales'], ['bi', 'views', 'lake', 'sales'], []]
  for (const list of others) assert.equal(tokens.open(list, sealed), undefined)
  assert.equal(pageTokens(new Uint8Array(32), systemRandom).open(LIST, sealed), undefined)
  for (const wrong of ['', 'salaries', `${sealed}A`, `${sealed}=`, sealed.slice(0, -1), sealed.slice(0, 20)]) {
    assert.equal(tokens.open(LIST, wrong), undefined, wrong)
  }
})

test('what an earlier version sealed opens', () => {
  const earlier = pageTokens(
    Uint8Array.from({ length: 32 }, (_, at) => at),
    systemRandom,
  )
  const sealed =
    'lt7wd59tgjbGFiT-5T1QK3Balpvb5lEl51m2RiUOezkgiQHwG5B1BJUcPKM8pEdwcu2GM34UfTdcQS3drof0e76gj5C6SAWhuz_MU2xQoML47q2dn13aSyRCAJCMlHNcMDBza_AhKtNRjAzoQtqN7Y7Hq6Sry2wxjLr7ORInUzZRePUsUpODg2NtYWpmkdIy6-PnkQgTkxehqAcc'
  assert.equal(earlier.open(['ann', 'tables', 'lake'], sealed), 'orders')
})
