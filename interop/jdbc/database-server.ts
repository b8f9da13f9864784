import type { Started } from '../lab/json-lines-worker.ts'
import { runLabScript, startLabServer, stopLabServer } from '../lab/lab-script.ts'

/** A server with an empty database of its own. */
export type DatabaseServer = {
  /** `uri`, `jdbc.user` and `jdbc.password`. */
  readonly properties: Readonly<Record<string, string>>
  /** As PyIceberg wants it, with a driver that is all Python. */
  readonly pythonUri: string
  /** At once, unasked; what was committed stays. */
  kill(): void
  /** After `kill`, where it was. */
  startAgain(): void
  stop(): void
}

export type DatabaseKind = 'postgres' | 'mariadb'

/** Starts a server under `name`. It is stopped when this process ends, however that happens. */
export function startDatabaseServer(kind: DatabaseKind, name: string): Started<DatabaseServer> {
  const script = `${kind}.sh`
  const started = startLabServer(script, name)
  if (started.kind === 'unavailable') return started
  const properties = JSON.parse(started.engine) as Readonly<Record<string, string>>
  const { uri = '', 'jdbc.user': user = '', 'jdbc.password': password = '' } = properties
  const driver = kind === 'postgres' ? 'postgresql+pg8000' : 'mysql+pymysql'
  const server: DatabaseServer = {
    properties,
    pythonUri: uri.replace(/^jdbc:\w+:\/\//, `${driver}://${user}:${password}@`),
    kill: () => void runLabScript(script, ['kill', name]),
    startAgain: () => void runLabScript(script, ['start', name]),
    stop: () => stopLabServer(script, name),
  }
  return { kind: 'started', engine: server }
}
