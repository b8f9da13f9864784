import { spawn, spawnSync } from 'node:child_process'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { StorageSettings } from '@moraine/storage/settings'
import { EXIT_UNAVAILABLE, type Started } from './json-lines-worker.ts'

/** A server that speaks Glue, S3 and STS, with an empty bucket `lab`. */
export type Moto = {
  /** By the names of Iceberg's properties: `warehouse`, `glue.endpoint`, `s3.endpoint` and so on. */
  readonly settings: StorageSettings
  readonly endpoint: string
}

const script = fileURLToPath(new URL('moto.sh', import.meta.url))

/** Starts a server under `name`. It is stopped when this process ends, however that happens. */
export function startMoto(name: string): Started<Moto> {
  stopWithThisProcess(name)
  const { status, stdout, stderr } = spawnSync(script, ['start', name], { encoding: 'utf8' })
  if (status === EXIT_UNAVAILABLE) {
    return { kind: 'unavailable', why: stderr.trim().split('\n').at(-1) ?? 'moto cannot be had here' }
  }
  if (status !== 0) throw new Error(`moto.sh start ended with ${status}:\n${stderr}`)
  const settings = JSON.parse(stdout) as StorageSettings
  return { kind: 'started', engine: { settings, endpoint: settings['glue.endpoint'] ?? '' } }
}

export function stopMoto(name: string): void {
  spawnSync(script, ['stop', name])
}

/** Where PyIceberg's catalog of Glue finds AWS's client, for `PYTHONPATH`. */
export function installBoto3(): Started<string> {
  return installed('boto3')
}

/** Where Spark's catalog of Glue finds AWS's client, for `SPARK_DIST_CLASSPATH`. */
export function installAwsBundle(): Started<string> {
  return installed('bundle')
}

function installed(command: string): Started<string> {
  const { status, stdout, stderr } = spawnSync(script, [command], { encoding: 'utf8' })
  if (status === 0) return { kind: 'started', engine: stdout.trim() }
  const why = stderr.trim().split('\n').at(-1) ?? `${command} cannot be had here`
  if (status === EXIT_UNAVAILABLE) return { kind: 'unavailable', why }
  throw new Error(`moto.sh ${command} ended with ${status}:\n${stderr}`)
}

/** Runs Python with AWS's client; returns what it prints. */
export function runBoto3(args: readonly string[], input: string): string {
  const { status, stdout, stderr } = spawnSync(script, ['python', ...args], { encoding: 'utf8', input })
  if (status !== 0) throw new Error(`python ${args.join(' ')} ended with ${status}:\n${stderr}`)
  return stdout
}

// A process that nobody waits for: its standard input ends with this one.
function stopWithThisProcess(name: string): void {
  const wait = 'cat > /dev/null; exec "$0" stop "$1"'
  const child = spawn('bash', ['-c', wait, script, name], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => {})
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
}
