import type { Started } from './json-lines-worker.ts'
import { startLabServer, stopLabServer } from './lab-script.ts'
import { type Leashed, runLeashed, startLeashed } from './leashed.ts'

/** One ZooKeeper, which may be killed at any moment and started again with what it had. */
export type ZooKeeper = {
  readonly port: number
  /** `127.0.0.1:PORT`. */
  readonly address: string
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** Resolves when connections are taken. */
  start(): Promise<void>
  /** What one command of ZooKeeper's own shell prints. */
  shell(...command: readonly string[]): Promise<string>
  /** Has LeaderLatch of Apache Curator stand in line; it prints `waiting`, `turn` and `over`. */
  curatorLatch(path: string, id: string): Leashed
  /** Ends it and removes what it kept. */
  stop(): void
}

const SCRIPT = 'zookeeper.sh'
const COMMAND = `interop/lab/${SCRIPT}`

/** Starts a server of its own under `name`. It is stopped when this process ends, however that happens. */
export function startZooKeeper(name: string): Started<ZooKeeper> {
  const started = startLabServer(SCRIPT, name)
  if (started.kind === 'unavailable') return started
  const { address } = JSON.parse(started.engine) as { readonly address: string }
  const run = async (...args: readonly string[]) => {
    const ended = await runLeashed(COMMAND, args)
    if (ended.code !== 0) throw new Error(`${SCRIPT} ${args.join(' ')} ended with ${ended.code}:\n${ended.stderr}`)
    return ended.stdout
  }
  const zookeeper: ZooKeeper = {
    port: Number(address.split(':')[1]),
    address,
    async kill() {
      await run('kill', name)
    },
    async start() {
      await run('start', name)
    },
    shell: (...command) => run('shell', address, ...command),
    curatorLatch: (path, id) => startLeashed(COMMAND, ['latch', address, path, id]),
    stop: () => stopLabServer(SCRIPT, name),
  }
  return { kind: 'started', engine: zookeeper }
}
