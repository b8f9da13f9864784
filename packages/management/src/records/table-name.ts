/** Where a table lives: a catalog, the levels of its namespace, its own name. None is empty; each may hold any text. */
export type TableName = {
  readonly catalog: string
  readonly namespace: readonly string[]
  readonly name: string
}

/** For people and logs only: levels may contain dots, so the text cannot be taken apart again. */
export function formatTableName({ catalog, namespace, name }: TableName): string {
  return [catalog, ...namespace, name].join('.')
}

/** The namespace as Amoro's API shows a database. */
export function databaseName(namespace: readonly string[]): string {
  return namespace.join('.')
}
