import { stopLabServer } from '../lab/lab-script.ts'
import { type LabStore, startLabStore } from './lab-store.ts'

/** An S3 server of its own under `name`, built the first time. */
export function startMinio(name: string): LabStore {
  return startLabStore('minio.sh', name)
}

export function stopMinio(name: string): void {
  stopLabServer('minio.sh', name)
}
