/** A value of ours as JSON text; `undefined` is SQL's null. */
export function toJson(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

/** What {@link toJson} wrote; only this package writes these columns, and migrations keep their shape current. */
export function fromJson<T extends object>(text: string): T {
  return JSON.parse(text) as T
}

export function fromNullableJson<T extends object>(text: string | null): T | undefined {
  return text === null ? undefined : fromJson<T>(text)
}
