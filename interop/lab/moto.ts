import type { StorageSettings } from '@moraine/storage/settings'
import type { Started } from './json-lines-worker.ts'
import { runLabScript, startLabServer, stopLabServer } from './lab-script.ts'

/** A server that speaks Glue, S3 and STS, with an empty bucket `lab`. */
export type Moto = {
  /** By the names of Iceberg's properties: `warehouse`, `glue.endpoint`, `s3.endpoint` and so on. */
  readonly settings: StorageSettings
  readonly endpoint: string
}

/** Starts a server under `name`. It is stopped when this process ends, however that happens. */
export function startMoto(name: string): Started<Moto> {
  const started = startLabServer('moto.sh', name)
  if (started.kind === 'unavailable') return started
  const settings = JSON.parse(started.engine) as StorageSettings
  return { kind: 'started', engine: { settings, endpoint: settings['glue.endpoint'] ?? '' } }
}

export function stopMoto(name: string): void {
  stopLabServer('moto.sh', name)
}

/** Where PyIceberg's catalog of Glue finds AWS's client, for `PYTHONPATH`. */
export function installBoto3(): Started<string> {
  return runLabScript('moto.sh', ['boto3'])
}

/** Where Spark's catalog of Glue finds AWS's client, for `SPARK_DIST_CLASSPATH`. */
export function installAwsBundle(): Started<string> {
  return runLabScript('moto.sh', ['bundle'])
}

/** Runs Python with AWS's client; returns what it prints. */
export function runBoto3(args: readonly string[], input: string): string {
  const ran = runLabScript('moto.sh', ['python', ...args], input)
  if (ran.kind === 'unavailable') throw new Error(ran.why)
  return ran.engine
}
