/** Values worth keeping as long as there is room; whoever finds none makes it again. */
export type WeighedCache<Value> = {
  find(key: string): Value | undefined
  /** A value heavier than the whole cache is not kept. */
  keep(key: string, value: Value): void
}

/** Keeps values of up to `weightMax` together, by the weight that `weigh` gives each; those not used for longest go first. */
export function weighedCache<Value extends object>(
  weightMax: number,
  weigh: (value: Value) => number,
): WeighedCache<Value> {
  // A map iterates in the order of insertion: the first entry is the one not used for longest.
  const held = new Map<string, { readonly value: Value; readonly weight: number }>()
  let total = 0
  const drop = (key: string) => {
    total -= held.get(key)?.weight ?? 0
    held.delete(key)
  }
  return {
    find(key) {
      const found = held.get(key)
      if (found === undefined) return undefined
      held.delete(key)
      held.set(key, found)
      return found.value
    },
    keep(key, value) {
      drop(key)
      const weight = weigh(value)
      if (weight > weightMax) return
      held.set(key, { value, weight })
      total += weight
      for (const oldest of held.keys()) {
        if (total <= weightMax) return
        drop(oldest)
      }
    },
  }
}
