import assert from 'node:assert/strict'
import { after, beforeEach } from 'node:test'
import type { Stores } from '@moraine/management/store/stores'

export type OpenedStores = { readonly stores: Stores; close(): Promise<void> }

/** The stores of each test by itself: opened anew before it. */
export function freshStores(open: () => Promise<OpenedStores>): () => Stores {
  const holder: { opened?: OpenedStores } = {}
  beforeEach(async () => {
    await holder.opened?.close()
    holder.opened = await open()
  })
  after(async () => holder.opened?.close())
  return () => {
    assert.ok(holder.opened)
    return holder.opened.stores
  }
}
