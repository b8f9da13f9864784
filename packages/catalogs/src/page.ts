import { checkAborted } from '@moraine/stdx/abort'
import { MoraineError } from '@moraine/stdx/error'

/** Some items of a list, in order, and what asks for the next ones; without `nextPage` there are none. */
export type Page<T> = { readonly items: readonly T[]; readonly nextPage?: string }

/** Items a page of our own catalogs has at most. */
export const PAGE_SIZE = 1000

/** One page of `names`, those after the name that `page` is. The names are in order of their code units. */
export function pageOfNames(names: readonly string[], page: string | undefined): Page<string> {
  const rest = page === undefined ? names : names.filter((name) => name > page)
  return cutPage(rest.slice(0, PAGE_SIZE + 1), (name) => name)
}

/** A page of items of which one more was asked for than fits, if there are that many. */
export function cutPage<T>(items: readonly T[], token: (item: T) => string): Page<T> {
  const last = items[PAGE_SIZE - 1]
  if (last === undefined || items.length <= PAGE_SIZE) return { items }
  return { items: items.slice(0, PAGE_SIZE), nextPage: token(last) }
}

/**
 * All items of a list, page by page.
 *
 * @param what names the list in messages
 * @throws {MoraineError} `corrupt` for a catalog that gives the same page again and again, `exhausted` for more than can be
 * held
 */
export async function collectPages<T>(
  what: string,
  list: (page: string | undefined) => Promise<Page<T>>,
  signal?: AbortSignal,
): Promise<readonly T[]> {
  const items: T[] = []
  // One of the tokens before, further and further back: whoever goes round meets it again (Brent's algorithm).
  let landmark: string | undefined
  let nextLandmark = 1
  for (let pages = 1, page: string | undefined; ; pages += 1) {
    const found = await list(page)
    for (const item of found.items) items.push(item)
    if (items.length > ITEMS_MAX || pages > PAGES_MAX) throw tooMuch(what)
    page = found.nextPage
    if (page === undefined) return items
    if (page === landmark) {
      throw new MoraineError('corrupt', `${what} has no end: the catalog names a page that it has given before`)
    }
    if (pages === nextLandmark) {
      landmark = page
      nextLandmark *= 2
    }
    checkAborted(signal, what)
  }
}

/** A million names take some hundred megabytes. */
const ITEMS_MAX = 1_000_000
const PAGES_MAX = 100_000

function tooMuch(what: string): MoraineError {
  return new MoraineError(
    'exhausted',
    `${what} has more than ${ITEMS_MAX} entries or ${PAGES_MAX} pages, more than can be looked after; see that the catalog is sound`,
  )
}
