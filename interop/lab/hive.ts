import { spawn, spawnSync } from 'node:child_process'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { EXIT_UNAVAILABLE, type Started } from './json-lines-worker.ts'

/** A metastore with an empty database and an empty warehouse of its own. */
export type HiveMetastore = { readonly uri: string; readonly warehouse: string }

const script = fileURLToPath(new URL('hive.sh', import.meta.url))

/** Starts a metastore of version 3.1.3 or 4.0.1 under `name`. It is stopped when this process ends, however that happens. */
export function startHive(name: string, version: 3 | 4): Started<HiveMetastore> {
  stopWithThisProcess(name)
  const { status, stdout, stderr } = spawnSync(script, ['start', name, String(version)], { encoding: 'utf8' })
  if (status === EXIT_UNAVAILABLE)
    return { kind: 'unavailable', why: stderr.trim().split('\n').at(-1) ?? 'Hive cannot be had here' }
  if (status !== 0) throw new Error(`hive.sh start ended with ${status}:\n${stderr}`)
  return { kind: 'started', engine: JSON.parse(stdout) as HiveMetastore }
}

export function stopHive(name: string): void {
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
