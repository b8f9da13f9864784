import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from '@moraine/catalogs/page'
import { printList } from './print-list.ts'

async function printed(pages: readonly Page<number>[], json: boolean): Promise<string> {
  const parts: string[] = []
  const output = {
    print: (part: string) => void parts.push(part),
    formatJson: (value: unknown) => JSON.stringify(value),
  }
  const form = { json, toJson: (at: number) => ({ at }), toText: (at: number) => `item ${at}` }
  await printList(async (page) => pages[Number(page ?? 0)] ?? { items: [] }, form, output)
  return parts.join('')
}

const PAGES: readonly Page<number>[] = [{ items: [1, 2], nextPage: '1' }, { items: [], nextPage: '2' }, { items: [3] }]

test('a line for each item of all pages', async () => {
  assert.equal(await printed(PAGES, false), 'item 1\nitem 2\nitem 3\n')
  assert.equal(await printed([{ items: [] }], false), '')
})

test('one JSON array of all pages', async () => {
  const text = await printed(PAGES, true)
  assert.equal(text, '[\n{"at":1},\n{"at":2},\n{"at":3}\n]\n')
  assert.deepEqual(JSON.parse(text), [{ at: 1 }, { at: 2 }, { at: 3 }])
  assert.equal(await printed([{ items: [] }], true), '[]\n')
})

test('a list that does not go on is refused', async () => {
  await assert.rejects(
    printed(
      [
        { items: [1], nextPage: '1' },
        { items: [2], nextPage: '1' },
      ],
      false,
    ),
    /followed by itself/,
  )
})
