/**
 * Maps with at most `limit` calls in flight; results keep the order of `items`. The first failure aborts the signal
 * handed to the other calls, waits for them and is thrown.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  fn: (item: T, signal: AbortSignal, index: number) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  const inner = new AbortController()
  const combined = signal ? AbortSignal.any([signal, inner.signal]) : inner.signal
  let next = 0
  let failure: { error: unknown } | undefined
  const lane = async () => {
    while (failure === undefined && next < items.length) {
      const index = next
      next += 1
      try {
        signal?.throwIfAborted()
        results[index] = await fn(items[index] as T, combined, index)
      } catch (error) {
        failure ??= { error }
        inner.abort(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
  if (failure) throw failure.error
  return results
}
