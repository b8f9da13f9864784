/** Keys in the order of the time they are due, by whatever clock, each once; a binary heap, so that 100,000 of them cost little. */
export type DueQueue<Key> = {
  /** Adds the key or moves it to another time. */
  put(key: Key, at: number): void
  remove(key: Key): void
  /** Takes the next key that is due, if there is one. */
  takeDue(now: number): Key | undefined
  nextAt(): number | undefined
  has(key: Key): boolean
  /** Entries that are held in memory, those among them that are of no use any more. */
  readonly held: number
}

const FEW = 64

type Entry<Key> = { readonly key: Key; readonly at: number }

export function dueQueue<Key>(): DueQueue<Key> {
  // An entry is stale once its key has another time; stale ones are dropped when they surface, or are too many: a key that
  // is moved to now again and again, and each time back to an hour from now, would leave one for each time.
  const times = new Map<Key, number>()
  let heap: Entry<Key>[] = []
  const dropMany = () => {
    heap = []
    for (const [key, at] of times) pushHeap(heap, { key, at })
  }
  const dropStale = () => {
    for (let top = heap[0]; top !== undefined && times.get(top.key) !== top.at; top = heap[0]) popHeap(heap)
    return heap[0]
  }
  return {
    put(key, at) {
      if (times.get(key) === at) return
      times.set(key, at)
      if (heap.length >= 2 * times.size + FEW) dropMany()
      else pushHeap(heap, { key, at })
    },
    remove: (key) => void times.delete(key),
    takeDue(now) {
      const top = dropStale()
      if (top === undefined || top.at > now) return undefined
      popHeap(heap)
      times.delete(top.key)
      return top.key
    },
    nextAt: () => dropStale()?.at,
    has: (key) => times.has(key),
    get held() {
      return heap.length
    },
  }
}

function pushHeap<Key>(heap: Entry<Key>[], entry: Entry<Key>): void {
  let index = heap.push(entry) - 1
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent]
    if (above === undefined || above.at <= entry.at) break
    heap[index] = above
    index = parent
  }
  heap[index] = entry
}

function popHeap<Key>(heap: Entry<Key>[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    const left = 2 * index + 1
    const right = left + 1
    const child =
      (heap[right]?.at ?? Number.POSITIVE_INFINITY) < (heap[left]?.at ?? Number.POSITIVE_INFINITY) ? right : left
    const below = heap[child]
    if (below === undefined || below.at >= last.at) break
    heap[index] = below
    index = child
  }
  heap[index] = last
}
