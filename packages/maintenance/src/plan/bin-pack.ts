/**
 * Packs items into bins of at most `capacity` in their given order, each into the first bin with room (first fit). An
 * item beyond the capacity gets a bin of its own. Deterministic; any two bins together exceed the capacity, so packing
 * the bins again changes nothing.
 */
export function binPack<T>(items: readonly T[], capacity: number, weightOf: (item: T) => number): T[][] {
  const bins: { items: T[]; weight: number }[] = []
  // Bins that cannot take even the lightest item are not searched again.
  let lightest = Number.POSITIVE_INFINITY
  for (const item of items) lightest = Math.min(lightest, weightOf(item))
  let open: { items: T[]; weight: number }[] = []
  for (const item of items) {
    const weight = weightOf(item)
    const fit = open.find((bin) => bin.weight + weight <= capacity)
    if (fit === undefined) {
      const bin = { items: [item], weight }
      bins.push(bin)
      open.push(bin)
    } else {
      fit.items.push(item)
      fit.weight += weight
    }
    if (open.length > 64) open = open.filter((bin) => bin.weight + lightest <= capacity)
  }
  return bins.map((bin) => bin.items)
}
