import assert from 'node:assert/strict'
import type { Started } from './json-lines-worker.ts'
import { startLabServer, stopLabServer } from './lab-script.ts'

/** Nessie as an Iceberg REST catalog of one warehouse, empty, with its tables in the bucket `lab` of an S3 server. Each comes with keys to it. */
export type Nessie = {
  /** `uri` and `warehouse`: of the branch `main`. */
  readonly properties: Readonly<Record<string, string>>
  /** Makes a branch that has nothing, not even what `main` has: a catalog of its own under `prefix`. */
  emptyBranch(name: string): Promise<Readonly<Record<string, string>>>
  stop(): void
}

/** Starts one under `name`. It is stopped when this process ends, however that happens. */
export function startNessie(name: string, s3: Readonly<Record<string, string>>): Started<Nessie> {
  const { 's3.endpoint': endpoint = '', 's3.access-key-id': key = '', 's3.secret-access-key': secret = '' } = s3
  const started = startLabServer(SCRIPT, name, endpoint, key, secret)
  if (started.kind === 'unavailable') return started
  const properties = JSON.parse(started.engine) as { readonly uri: string; readonly warehouse: string }
  const trees = new URL('/api/v2/trees', properties.uri)
  const nessie: Nessie = {
    properties,
    async emptyBranch(branch) {
      const body = JSON.stringify({ type: 'BRANCH', name: 'main', hash: BEGINNING })
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${trees}?type=BRANCH&name=${branch}`, { method: 'POST', headers, body })
      assert.equal(answer.status, 200, await answer.text())
      return { ...properties, prefix: `${branch}%7C${properties.warehouse}` }
    },
    stop: () => stopLabServer(SCRIPT, name),
  }
  return { kind: 'started', engine: nessie }
}

const SCRIPT = 'nessie.sh'

/** What every history of a Nessie begins with. */
const BEGINNING = '2e1cfa82b035c26cbbbdae632cea070514eb8b773f616aaeaf668e2f0be8f10d'
