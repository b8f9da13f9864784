import type { StorageSettings } from '@moraine/storage/settings'
import { startLabServer } from '../lab/lab-script.ts'

/** A running store with an empty bucket, and a folder of it; or why there is none. */
export type LabStore = { readonly settings: StorageSettings; readonly warehouse: string } | { readonly skip: string }

/**
 * Starts a server of its own under `name`; the first time on a machine it is fetched or built, which takes minutes. It is
 * stopped when this process ends, however that happens.
 */
export function startLabStore(script: 'minio.sh' | 'azurite.sh' | 'fake-gcs.sh', name: string): LabStore {
  const started = startLabServer(script, name)
  if (started.kind === 'unavailable') return { skip: started.why }
  const settings = JSON.parse(started.engine) as StorageSettings
  return { settings, warehouse: settings['warehouse'] ?? '' }
}
