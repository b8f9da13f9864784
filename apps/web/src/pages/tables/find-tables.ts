import type { ManagedTableBody } from '@moraine/api/rest/table-schemas'

/** A table with the name that is searched. */
export type SearchedTable = ManagedTableBody & { readonly fullName: string; readonly searched: string }

export function listed(tables: readonly ManagedTableBody[]): readonly SearchedTable[] {
  return tables.map((table) => {
    const fullName = `${table.catalog}.${table.database}.${table.tableName}`
    return { ...table, fullName, searched: fullName.toLowerCase() }
  })
}

export type SortKey = 'fullName' | 'healthScore' | 'fileCount' | 'phase'
export type Sort = { readonly by: SortKey; readonly isDescending: boolean }

/** Those that have each word of the text somewhere in their name, in upper or lower case. */
export function findTables(tables: readonly SearchedTable[], text: string): readonly SearchedTable[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return words.length === 0 ? tables : tables.filter(({ searched }) => words.every((word) => searched.includes(word)))
}

/** What is equal stays in the order of names. */
export function sortTables(tables: readonly SearchedTable[], { by, isDescending }: Sort): readonly SearchedTable[] {
  const sign = isDescending ? -1 : 1
  return tables.toSorted((a, b) => {
    const [one, other] = [a[by], b[by]]
    if (one !== other) return (one < other ? -1 : 1) * sign
    return a.searched < b.searched ? -1 : 1
  })
}
