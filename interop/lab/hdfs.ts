import { spawn, spawnSync } from 'node:child_process'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { StorageSettings } from '@moraine/storage/settings'
import type { Started } from './json-lines-worker.ts'
import { runLeashed } from './leashed.ts'

/** A name node and a data node, which may be killed at any moment and started again with what they had. */
export type Hdfs = {
  /** `hdfs://127.0.0.1:PORT`; all below `/lab` belongs to the user of the settings, `/closed` to another one. */
  readonly uri: string
  /** `webhdfs://127.0.0.1:PORT`, the same files. */
  readonly webUri: string
  readonly settings: StorageSettings
  /** SIGKILL; resolves when the processes are gone. */
  kill(): Promise<void>
  /** Resolves when requests are answered. */
  start(): Promise<void>
  /** Ends it and removes what it kept. */
  stop(): void
}

const script = fileURLToPath(new URL('hdfs.sh', import.meta.url))

/** Starts a server of its own under `name`. It is stopped when this process ends, however that happens. */
export function startHdfs(name: string): Started<Hdfs> {
  stopWithThisProcess(name)
  const { status, stdout, stderr } = spawnSync(script, ['start', name], { encoding: 'utf8' })
  if (status === 75) return { kind: 'unavailable', why: stderr.trim().split('\n').at(-1) ?? 'HDFS cannot be had here' }
  if (status !== 0) throw new Error(`hdfs.sh start ended with ${status}:\n${stderr}`)
  const { uri = '', ...settings } = JSON.parse(stdout) as Record<string, string>
  const run = async (command: 'start' | 'kill') => {
    const ended = await runLeashed(script, [command, name])
    if (ended.code !== 0) throw new Error(`hdfs.sh ${command} ended with ${ended.code}:\n${ended.stderr}`)
  }
  return {
    kind: 'started',
    engine: {
      uri,
      webUri: `webhdfs://${settings['dfs.namenode.http-address']}`,
      settings,
      kill: () => run('kill'),
      start: () => run('start'),
      stop: () => spawnSync(script, ['stop', name]),
    },
  }
}

// A process that nobody waits for: its standard input ends with this one.
function stopWithThisProcess(name: string): void {
  const wait = 'cat > /dev/null; exec "$0" stop "$1"'
  const child = spawn('bash', ['-c', wait, script, name], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => {})
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
}
