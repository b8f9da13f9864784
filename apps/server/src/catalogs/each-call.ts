import type { Catalog } from '@moraine/catalogs/catalog'

/** Makes a call, and sees how it ends. */
export type Use = <T>(call: () => Promise<T>) => Promise<T>

/** The same catalog, each call of which goes through `use`; what closes it is left out. */
export function eachCall({ views, dropped, close: _, ...own }: Catalog, use: Use): Catalog {
  return {
    ...eachCallOf(own, use),
    ...(views && { views: eachCallOf(views, use) }),
    ...(dropped && { dropped: eachCallOf(dropped, use) }),
  }
}

/** All that a part of a catalog can do is asynchronous. */
function eachCallOf<Part extends object>(part: Part, use: Use): Part {
  const members = Object.entries(part).map(([key, member]): readonly [string, unknown] => {
    if (typeof member !== 'function') return [key, member]
    return [key, (...given: readonly unknown[]) => use(async () => member.apply(part, given))]
  })
  return Object.fromEntries(members) as Part
}
