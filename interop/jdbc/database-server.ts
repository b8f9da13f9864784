import { spawn, spawnSync } from 'node:child_process'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { EXIT_UNAVAILABLE, type Started } from '../lab/json-lines-worker.ts'

/** A server with an empty database of its own. */
export type DatabaseServer = {
  /** `uri`, `jdbc.user` and `jdbc.password`. */
  readonly properties: Readonly<Record<string, string>>
  /** As PyIceberg wants it, with a driver that is all Python. */
  readonly pythonUri: string
  /** At once, as a power failure would; what was committed stays. */
  kill(): void
  /** After `kill`, where it was. */
  startAgain(): void
  stop(): void
}

export type DatabaseKind = 'postgres' | 'mariadb'

/** Starts a server under `name`. It is stopped when this process ends, however that happens. */
export function startDatabaseServer(kind: DatabaseKind, name: string): Started<DatabaseServer> {
  const script = fileURLToPath(new URL(`../lab/${kind}.sh`, import.meta.url))
  stopWithThisProcess(script, name)
  const run = (command: string) => spawnSync(script, [command, name], { encoding: 'utf8' })
  const started = run('start')
  if (started.status === EXIT_UNAVAILABLE) {
    return { kind: 'unavailable', why: started.stderr.trim().split('\n').at(-1) ?? `${kind} cannot be had here` }
  }
  if (started.status !== 0) throw new Error(`${kind}.sh start ended with ${started.status}:\n${started.stderr}`)
  const properties = JSON.parse(started.stdout) as Readonly<Record<string, string>>
  const { uri = '', 'jdbc.user': user = '', 'jdbc.password': password = '' } = properties
  const driver = kind === 'postgres' ? 'postgresql+pg8000' : 'mysql+pymysql'
  const server: DatabaseServer = {
    properties,
    pythonUri: uri.replace(/^jdbc:\w+:\/\//, `${driver}://${user}:${password}@`),
    kill: () => void run('kill'),
    startAgain() {
      const again = run('start')
      if (again.status !== 0) throw new Error(`${kind}.sh start ended with ${again.status}:\n${again.stderr}`)
    },
    stop: () => void run('stop'),
  }
  return { kind: 'started', engine: server }
}

// A process that nobody waits for: its standard input ends with this one.
function stopWithThisProcess(script: string, name: string): void {
  const wait = 'cat > /dev/null; exec "$0" stop "$1"'
  const child = spawn('bash', ['-c', wait, script, name], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => {})
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
}
