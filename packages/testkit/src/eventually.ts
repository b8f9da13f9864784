import { systemClock } from '@moraine/stdx/clock'

/**
 * What `find` gives as soon as it is not `undefined`. Only for what another process does and nothing tells, such as its
 * end: inside one process wait for the event itself, or take a virtual clock.
 *
 * @throws {Error} naming `what` if it does not come within `withinMs`, which is only there to end a test that fails.
 */
export async function eventually<T>(
  what: string,
  find: () => T | undefined | Promise<T | undefined>,
  withinMs = 30_000,
): Promise<T> {
  for (const start = systemClock.monotonicMs(); systemClock.monotonicMs() - start < withinMs; ) {
    const found = await find()
    if (found !== undefined) return found
    await systemClock.sleep(LOOK_AGAIN_MS)
  }
  throw new Error(`${what} did not come within ${withinMs} ms`)
}

const LOOK_AGAIN_MS = 20
