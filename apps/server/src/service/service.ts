/** A part of the server with a lifetime. `stop` may be called twice and is awaited: nothing of it runs afterwards. */
export interface Service {
  readonly name: string
  start(signal: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** Starts in order; if one cannot start, those before it are stopped again, the last first. */
export async function startAll(services: readonly Service[], signal: AbortSignal): Promise<void> {
  const started: Service[] = []
  for (const service of services) {
    try {
      await service.start(signal)
      started.unshift(service)
    } catch (error) {
      await stopAll(started)
      throw error
    }
  }
}

/** Stops in the order given, all of them, and then throws the first failure if there was one. */
export async function stopAll(services: readonly Service[]): Promise<void> {
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
