import { orAbort } from '@moraine/stdx/abort'
import type { FileIO } from './file-io.ts'
import { aroundCalls } from './file-io-calls.ts'

/**
 * At most `limit` calls at once; the others wait in line. An open writer takes no place between its calls, a listing,
 * whose pages come one by one, takes none.
 */
export function withConcurrency(io: FileIO, limit: number): FileIO {
  let free = limit
  const line: (() => void)[] = []
  const enter = (): Promise<void> => {
    if (free > 0) {
      free -= 1
      return Promise.resolve()
    }
    return new Promise((resolve) => line.push(resolve))
  }
  const leave = () => {
    const next = line.shift()
    if (next === undefined) free += 1
    else next()
  }
  return aroundCalls(io, async (call, run, signal) => {
    const place = enter()
    try {
      await orAbort(place, signal, `${call.operation} of ${call.location}`)
    } catch (error) {
      // The place comes all the same, and goes to the next in line.
      void place.then(leave)
      throw error
    }
    try {
      return await run(signal)
    } finally {
      leave()
    }
  })
}
