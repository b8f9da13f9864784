import type { StorageSettings } from '@moraine/storage/settings'
import type { Started } from './json-lines-worker.ts'
import { startLabServer, stopLabServer } from './lab-script.ts'
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

const SCRIPT = 'hdfs.sh'

/** Starts a server of its own under `name`. It is stopped when this process ends, however that happens. */
export function startHdfs(name: string): Started<Hdfs> {
  const started = startLabServer(SCRIPT, name)
  if (started.kind === 'unavailable') return started
  const { uri = '', ...settings } = JSON.parse(started.engine) as Record<string, string>
  const run = async (command: 'start' | 'kill') => {
    const ended = await runLeashed(`interop/lab/${SCRIPT}`, [command, name])
    if (ended.code !== 0) throw new Error(`${SCRIPT} ${command} ended with ${ended.code}:\n${ended.stderr}`)
  }
  return {
    kind: 'started',
    engine: {
      uri,
      webUri: `webhdfs://${settings['dfs.namenode.http-address']}`,
      settings,
      kill: () => run('kill'),
      start: () => run('start'),
      stop: () => stopLabServer(SCRIPT, name),
    },
  }
}
