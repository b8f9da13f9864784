/**
 * A record whose entries are set and removed, each at a cost that does not depend on how many there are. What it was made
 * from stays as it is. People choose the keys: `constructor` and `__proto__` are like any other.
 */
export class DraftRecord<Value> {
  readonly #base: Readonly<Record<string, Value>>
  #entries: Map<string, Value> | undefined

  constructor(base: Readonly<Record<string, Value>>) {
    this.#base = base
  }

  get(key: string): Value | undefined {
    return this.#edit().get(key)
  }

  set(key: string, value: Value): void {
    this.#edit().set(key, value)
  }

  remove(key: string): void {
    this.#edit().delete(key)
  }

  /** The record as it is now: the one it was made from, if that has the same entries. */
  toRecord(): Readonly<Record<string, Value>> {
    const entries = this.#entries
    const base = this.#base
    if (entries === undefined) return base
    const isSame = ([key, value]: [string, Value]) => Object.hasOwn(base, key) && base[key] === value
    if (entries.size === Object.keys(base).length && [...entries].every(isSame)) return base
    return Object.fromEntries(entries)
  }

  #edit(): Map<string, Value> {
    this.#entries ??= new Map(Object.entries(this.#base))
    return this.#entries
  }
}
