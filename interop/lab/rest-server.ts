import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Started } from './json-lines-worker.ts'
import { runLabScript, startLabServer, stopLabServer } from './lab-script.ts'

/** Iceberg's reference REST catalog, empty, with a warehouse of its own on this machine's disk. */
export type RestServer = {
  /** `uri`. */
  readonly properties: Readonly<Record<string, string>>
  /** Starts with `file:`. */
  readonly warehouse: string
  /** Has the server without tables and namespaces again, behind its back, and the warehouse without files. */
  forgetAll(): void
  /** At once, as a power failure would; what was committed stays. */
  kill(): void
  /** After `kill`, where it was. */
  startAgain(): void
  stop(): void
}

/** Starts a server under `name`. It is stopped when this process ends, however that happens. */
export function startRestServer(name: string): Started<RestServer> {
  const started = startLabServer(SCRIPT, name)
  if (started.kind === 'unavailable') return started
  const { uri, warehouse, database } = JSON.parse(started.engine) as Reached
  const server: RestServer = {
    properties: { uri },
    warehouse,
    forgetAll() {
      const file = new DatabaseSync(database)
      file.exec('PRAGMA busy_timeout = 10000; DELETE FROM iceberg_tables; DELETE FROM iceberg_namespace_properties')
      file.close()
      rmSync(warehouse.replace(/^file:/, ''), { recursive: true, force: true })
    },
    kill: () => void runLabScript(SCRIPT, ['kill', name]),
    startAgain: () => void runLabScript(SCRIPT, ['start', name]),
    stop: () => stopLabServer(SCRIPT, name),
  }
  return { kind: 'started', engine: server }
}

const SCRIPT = 'rest-server.sh'

type Reached = { readonly uri: string; readonly warehouse: string; readonly database: string }
