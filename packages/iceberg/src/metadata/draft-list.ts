/**
 * A list that is added to and taken from by key, each at a cost that does not depend on its length. It keeps the order;
 * what it was made from stays as it is. Several items may have one key.
 */
export class DraftList<Key, Item> {
  readonly #base: readonly Item[]
  readonly #keyOf: (item: Item) => Key
  #editing: Editing<Key, Item> | undefined

  constructor(base: readonly Item[], keyOf: (item: Item) => Key) {
    this.#base = base
    this.#keyOf = keyOf
  }

  /** The first with the key. */
  find(key: Key): Item | undefined {
    const { items, places } = this.#edit()
    const [first] = places.get(key) ?? []
    return first === undefined ? undefined : items[first]?.item
  }

  add(item: Item): void {
    const editing = this.#edit()
    const key = this.#keyOf(item)
    const known = editing.places.get(key)
    if (known === undefined) editing.places.set(key, [editing.items.length])
    else known.push(editing.items.length)
    editing.items.push({ item })
  }

  /** Takes away all with the key; whether there were any. */
  remove(key: Key): boolean {
    const { items, places } = this.#edit()
    const known = places.get(key)
    if (known === undefined) return false
    for (const at of known) items[at] = undefined
    places.delete(key)
    return true
  }

  /** The list as it is now: the one it was made from, if that has the same items. */
  toList(): readonly Item[] {
    if (this.#editing === undefined) return this.#base
    const list = this.#editing.items.flatMap((held) => (held === undefined ? [] : [held.item]))
    return list.length === this.#base.length && list.every((item, at) => item === this.#base[at]) ? this.#base : list
  }

  #edit(): Editing<Key, Item> {
    if (this.#editing !== undefined) return this.#editing
    const places = new Map<Key, number[]>()
    for (const [at, item] of this.#base.entries()) {
      const key = this.#keyOf(item)
      const known = places.get(key)
      if (known === undefined) places.set(key, [at])
      else known.push(at)
    }
    this.#editing = { items: this.#base.map((item) => ({ item })), places }
    return this.#editing
  }
}

/** Items by their place, and the places by key. What was taken away leaves its place empty. */
type Editing<Key, Item> = {
  readonly items: ({ readonly item: Item } | undefined)[]
  readonly places: Map<Key, number[]>
}
