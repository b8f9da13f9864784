/**
 * Where a participant stands in the line of a LeaderLatch of Apache Curator: children `_c_<uuid>-latch-0000000000` of one
 * node, of which the one with the lowest sequence has its turn, and each other watches the one before it.
 */
export type LatchPlace =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'in-line'
      readonly node: string
      /** `undefined`: it is its turn. */
      readonly predecessor: string | undefined
      /** Further nodes of the same participant, made by a request whose answer was lost. */
      readonly surplus: readonly string[]
    }

/** What a participant's nodes begin with. By the id it knows its own again when the answer to their creation was lost. */
export function latchPrefix(id: string): string {
  return `_c_${id}-latch-`
}

/** @param children in any order; others than those of a latch do not count */
export function latchPlace(children: readonly string[], prefix: string): LatchPlace {
  // By text, as Curator compares: sequences have ten digits.
  const line = children
    .flatMap((name) => {
      const sequence = SEQUENCE.exec(name)?.[1]
      return sequence === undefined ? [] : [{ name, sequence }]
    })
    .sort((one, other) => (one.sequence < other.sequence ? -1 : 1))
    .map(({ name }) => name)
  const [node, ...surplus] = line.filter((name) => name.startsWith(prefix))
  if (node === undefined) return { kind: 'absent' }
  return { kind: 'in-line', node, predecessor: line[line.indexOf(node) - 1], surplus }
}

const SEQUENCE = /latch-(-?\d+)$/
