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

/** All items of a list, page by page. */
export async function collectPages<T>(list: (page: string | undefined) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = []
  let page: string | undefined
  do {
    const found = await list(page)
    items.push(...found.items)
    page = found.nextPage
  } while (page !== undefined)
  return items
}
