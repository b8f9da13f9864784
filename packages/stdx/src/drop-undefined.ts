type Loose<T> = { readonly [K in keyof T]: Record<never, never> extends Pick<T, K> ? T[K] | undefined : T[K] }

/** The object without its undefined properties: where a type's optional fields are absent or have a value. */
export function dropUndefined<T extends object>(fields: Loose<T>): T {
  const kept: Record<string, unknown> = {}
  for (const key in fields) {
    const value: unknown = fields[key]
    if (value !== undefined) kept[key] = value
  }
  // Exactly the keys of T that have a value are left.
  return kept as T
}
