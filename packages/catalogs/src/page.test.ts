import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutPage, PAGE_SIZE, pageOfNames } from './page.ts'

const names = (count: number) => Array.from({ length: count }, (_, at) => String(at).padStart(5, '0'))

test('a page that holds all there is has no next', () => {
  assert.deepEqual(pageOfNames(names(PAGE_SIZE), undefined), { items: names(PAGE_SIZE) })
  assert.deepEqual(pageOfNames([], undefined), { items: [] })
  assert.deepEqual(pageOfNames(['a', 'b'], 'b'), { items: [] })
})

test('the next page starts after the last name of the one before, whatever was removed meanwhile', () => {
  const first = pageOfNames(names(PAGE_SIZE + 2), undefined)
  assert.equal(first.items.length, PAGE_SIZE)
  assert.equal(first.nextPage, '00999')
  assert.deepEqual(pageOfNames(names(PAGE_SIZE + 2).slice(1000), first.nextPage), { items: ['01000', '01001'] })
})

test('one item more than fits is cut off', () => {
  const items = names(PAGE_SIZE + 1).map((name) => ({ name }))
  assert.deepEqual(
    cutPage(items, ({ name }) => name),
    { items: items.slice(0, PAGE_SIZE), nextPage: '00999' },
  )
})
