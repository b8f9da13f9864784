import type { StorageSettings } from '@moraine/storage/settings'
import { startLabServer, stopLabServer } from '../lab/lab-script.ts'

/** A running MinIO with an empty bucket, or why there is none. */
export type Minio = { readonly settings: StorageSettings; readonly warehouse: string } | { readonly skip: string }

/**
 * Starts a server of its own under `name`; the first time on a machine it is built, which takes minutes. It is stopped
 * when this process ends, however that happens.
 */
export function startMinio(name: string): Minio {
  const started = startLabServer('minio.sh', name)
  if (started.kind === 'unavailable') return { skip: started.why }
  const settings = JSON.parse(started.engine) as StorageSettings
  return { settings, warehouse: settings['warehouse'] ?? '' }
}

export function stopMinio(name: string): void {
  stopLabServer('minio.sh', name)
}
