/**
 * A part of the server with a lifetime. `stop` may be called twice, and before any start; it is awaited: nothing of the
 * part runs afterwards.
 */
export interface Service {
  readonly name: string
  start(signal: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** Starts in order, up to the first that cannot start: to stop all again, started or not, is the caller's. */
export async function startServices(services: readonly Service[], signal: AbortSignal): Promise<void> {
  for (const service of services) await service.start(signal)
}

/** Stops in the order given, all of them, and then throws the first failure if there was one. */
export async function stopServices(services: readonly Service[]): Promise<void> {
  const failures: unknown[] = []
  for (const service of services) {
    try {
      await service.stop()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
