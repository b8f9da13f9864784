/** A string literal of SQL. */
export function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** A quoted identifier of SQL: any name but the empty one, for which SQL has no identifier. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function sqlTexts(values: readonly string[]): string {
  return `[${values.map(sqlText).join(', ')}]`
}
