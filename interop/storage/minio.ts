import { spawn, spawnSync } from 'node:child_process'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { StorageSettings } from '@moraine/storage/settings'
import { EXIT_UNAVAILABLE } from '../lab/json-lines-worker.ts'

/** A running MinIO with an empty bucket, or why there is none. */
export type Minio = { readonly settings: StorageSettings; readonly warehouse: string } | { readonly skip: string }

const script = fileURLToPath(new URL('../lab/minio.sh', import.meta.url))

/**
 * Starts a server of its own under `name`; the first time on a machine it is built, which takes minutes. It is stopped
 * when this process ends, however that happens.
 */
export function startMinio(name: string): Minio {
  stopWithThisProcess(name)
  const { status, stdout, stderr } = spawnSync(script, ['start', name], { encoding: 'utf8' })
  if (status === EXIT_UNAVAILABLE) return { skip: stderr.trim().split('\n').at(-1) ?? 'MinIO cannot be had here' }
  if (status !== 0) throw new Error(`minio.sh start ended with ${status}:\n${stderr}`)
  const settings = JSON.parse(stdout) as StorageSettings
  return { settings, warehouse: settings['warehouse'] ?? '' }
}

export function stopMinio(name: string): void {
  spawnSync(script, ['stop', name])
}

// A process that nobody waits for: its standard input ends with this one.
function stopWithThisProcess(name: string): void {
  const wait = 'cat > /dev/null; exec "$0" stop "$1"'
  const child = spawn('bash', ['-c', wait, script, name], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => {})
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
}
