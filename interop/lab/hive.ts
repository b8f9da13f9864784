import type { Started } from './json-lines-worker.ts'
import { startLabServer, stopLabServer } from './lab-script.ts'

/**
 * A metastore with an empty database and an empty warehouse of its own. All of it is properties of a catalog, how to sign in
 * among them.
 */
export type HiveMetastore = { readonly uri: string; readonly warehouse: string } & Readonly<Record<string, string>>

/**
 * Starts a metastore of version 3.1.3 or 4.0.1 under `name`. It is stopped when this process ends, however that happens.
 *
 * @param signIn of version 4: whether it asks for a user and a password, or for a ticket or token of Kerberos
 */
export function startHive(
  name: string,
  version: 3 | 4,
  signIn: 'none' | 'plain' | 'kerberos' = 'none',
): Started<HiveMetastore> {
  const started = startLabServer('hive.sh', name, String(version), signIn)
  if (started.kind === 'unavailable') return started
  return { kind: 'started', engine: JSON.parse(started.engine) as HiveMetastore }
}

export function stopHive(name: string): void {
  stopLabServer('hive.sh', name)
}
