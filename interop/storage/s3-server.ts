import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { StorageSettings } from '@moraine/storage/settings'
import { freePort } from '@moraine/testkit/free-port'
import { EXIT_UNAVAILABLE } from '../lab/json-lines-worker.ts'
import { type Leashed, runLeashed, startLeashed } from '../lab/leashed.ts'
import { untilAnswered } from '../lab/moraine.ts'

/** A MinIO that may be killed at any moment and started again with what its disk holds. It has one bucket, `lab`. */
export type S3Server = {
  readonly port: number
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** Resolves when requests are answered. */
  start(): Promise<void>
  /** Kills it and removes what it kept. */
  close(): Promise<void>
}

export const S3_KEYS = { accessKeyId: 'lab', secretAccessKey: 'labsecret' } as const

/** How clients reach such a server, or what stands before it. */
export function s3Settings(port: number): StorageSettings {
  return {
    's3.endpoint': `http://127.0.0.1:${port}`,
    's3.access-key-id': S3_KEYS.accessKeyId,
    's3.secret-access-key': S3_KEYS.secretAccessKey,
    's3.path-style-access': 'true',
    'client.region': 'us-east-1',
  }
}

/** Starts a server; the first time on a machine it is built, which takes minutes. */
export async function startS3Server(): Promise<S3Server | { readonly skip: string }> {
  const installed = await runLeashed('interop/lab/minio.sh', ['install'])
  if (installed.code === EXIT_UNAVAILABLE)
    return { skip: installed.stderr.trim().split('\n').at(-1) ?? 'MinIO cannot be had here' }
  assert.equal(installed.code, 0, installed.stderr)
  const binary = installed.stdout.trim()
  const directory = mkdtempSync(`${tmpdir()}/moraine-minio-`)
  mkdirSync(`${directory}/lab`) // a directory there is a bucket
  const port = await freePort()
  let running: Leashed | undefined
  const kill = async () => {
    running?.kill()
    await running?.ended
    running = undefined
  }
  const start = async () => {
    const environment = [`MINIO_ROOT_USER=${S3_KEYS.accessKeyId}`, `MINIO_ROOT_PASSWORD=${S3_KEYS.secretAccessKey}`]
    const quiet = ['MINIO_BROWSER=off', 'MINIO_UPDATE=off', 'CI=on']
    const server = [binary, 'server', '--quiet', '--address', `127.0.0.1:${port}`, directory]
    running = startLeashed('env', [...environment, ...quiet, ...server])
    await untilAnswered(() => isReady(port), AbortSignal.timeout(60_000))
  }
  await start()
  return {
    port,
    kill,
    start,
    async close() {
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function isReady(port: number): Promise<true | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/minio/health/ready`).catch(() => undefined)
  await answer?.body?.cancel()
  return answer?.status === 200 ? true : undefined
}
