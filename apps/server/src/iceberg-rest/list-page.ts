import { collectPages, PAGE_SIZE, type Page } from '@moraine/catalogs/page'
import { malformed, type RestCall } from './rest-route.ts'

/**
 * What the request asks for of a list (REST catalog OpenAPI, "PageToken"): without a `pageToken` all of it; with one the page
 * it names, an empty one the first. A page has at most `pageSize` items, and no more than the catalog's own pages.
 *
 * @param kind of the list, with all that tells it from others of its kind
 */
export async function listPage<Item>(
  { query, identity, catalog, pages, signal }: RestCall,
  kind: readonly string[],
  read: (page: string | undefined) => Promise<Page<Item>>,
): Promise<{ readonly items: readonly Item[]; readonly next: string | null }> {
  const size = pageSizeOf(query['pageSize'])
  const token = query['pageToken']
  if (token === undefined) {
    const what = `the list of ${kind.join(' ')} in catalog ${catalog.name}`
    return { items: await collectPages(what, read, signal), next: null }
  }
  const list = [identity.name, catalog.name, ...kind]
  const opened = token === '' ? FIRST : parsePosition(pages.open(list, token))
  if (opened === undefined) throw malformed('the pageToken is not one of this list; begin it again')
  const { items, nextPage } = await read(opened.page)
  const from = startOf(items, opened)
  const cut = items.slice(from, from + size)
  const last = cut.at(-1)
  const next: Position | undefined =
    last !== undefined && from + size < items.length
      ? { ...opened, after: keyOf(last) }
      : nextPage === undefined
        ? undefined
        : { page: nextPage }
  return { items: cut, next: next === undefined ? null : pages.seal(list, JSON.stringify(next)) }
}

/** A page of the catalog, and the item on it after which the client goes on. */
type Position = { readonly page?: string; readonly after?: string }

const FIRST: Position = {}

function pageSizeOf(text: string | undefined): number {
  if (text === undefined) return PAGE_SIZE
  if (!/^\d{1,15}$/.test(text) || Number(text) === 0) {
    throw malformed(`pageSize ${JSON.stringify(text)} is not an integer from 1 on`)
  }
  return Math.min(Number(text), PAGE_SIZE)
}

/** `undefined` for what is no position: the token is of another list, or of a former version of the service. */
function parsePosition(text: string | undefined): Position | undefined {
  try {
    const parsed: unknown = JSON.parse(text ?? '')
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Where an item is gone by now, the page is begun again: an item that comes twice does less harm than one that is left out. */
function startOf<Item>(items: readonly Item[], { after }: Position): number {
  return after === undefined ? 0 : items.findIndex((item) => keyOf(item) === after) + 1
}

function keyOf(item: unknown): string {
  return JSON.stringify(item)
}
