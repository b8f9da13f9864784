import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { collectPages, cutPage, PAGE_SIZE, pageOfNames } from './page.ts'

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

test('all pages are collected, in order', async () => {
  const pages = new Map([
    [undefined, { items: [1, 2], nextPage: 'b' }],
    ['b', { items: [], nextPage: 'c' }],
    ['c', { items: [3] }],
  ])
  assert.deepEqual(await collectPages('it', async (page) => pages.get(page) ?? { items: [] }), [1, 2, 3])
})

test('a list without end is refused, whatever its circle is and however it grows', async () => {
  for (const [before, circle] of [
    [0, 1],
    [3, 1],
    [0, 7],
    [10, 100],
  ] as const) {
    let asked = 0
    const turning = async () => {
      asked += 1
      return { items: [], nextPage: String(asked < before ? `before ${asked}` : (asked - before) % circle) }
    }
    await assert.rejects(
      collectPages('the list of x', turning),
      (error) => isKind(error, 'corrupt') && /the list of x has no end/.test(error.message),
    )
    assert.ok(asked < 4 * (before + circle) + 4, `${asked} pages`)
  }
  let page = 0
  const growing = async () => {
    page += 1
    return { items: names(200_000), nextPage: String(page) }
  }
  await assert.rejects(collectPages('it', growing), (error) => isKind(error, 'exhausted'))
  assert.equal(page, 6)
})

test('collecting ends when nobody wants it any more', async () => {
  const stopped = new AbortController()
  let page = 0
  const list = async () => {
    page += 1
    if (page === 4) stopped.abort()
    return { items: [], nextPage: String(page) }
  }
  await assert.rejects(collectPages('it', list, stopped.signal), (error) => isKind(error, 'aborted'))
  assert.equal(page, 4)
})
