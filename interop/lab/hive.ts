import type { Started } from './json-lines-worker.ts'
import { startLabServer, stopLabServer } from './lab-script.ts'

/** A metastore with an empty database and an empty warehouse of its own. */
export type HiveMetastore = { readonly uri: string; readonly warehouse: string }

/** Starts a metastore of version 3.1.3 or 4.0.1 under `name`. It is stopped when this process ends, however that happens. */
export function startHive(name: string, version: 3 | 4): Started<HiveMetastore> {
  const started = startLabServer('hive.sh', name, String(version))
  if (started.kind === 'unavailable') return started
  return { kind: 'started', engine: JSON.parse(started.engine) as HiveMetastore }
}

export function stopHive(name: string): void {
  stopLabServer('hive.sh', name)
}
