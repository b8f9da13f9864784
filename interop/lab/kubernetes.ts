import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { Started } from './json-lines-worker.ts'
import { startLabServer, stopLabServer } from './lab-script.ts'

/** The control plane of a Kubernetes cluster without nodes: what it keeps is real, what pods do is for a suite to say. */
export type Kubernetes = {
  /** `https://127.0.0.1:PORT`. */
  readonly server: string
  /** A file: what the server's certificate is signed by. */
  readonly ca: string
  /** Of an administrator. */
  readonly token: string
  /** One request of the administrator; what answers, parsed. */
  ask(method: Method, path: string, body?: object): Promise<Answer>
  /** The same where it has to succeed. */
  have(method: Method, path: string, body?: object): Promise<KubernetesObject>
  stop(): void
}

/** `PATCH` is a merge patch. */
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
type Answer = { readonly status: number; readonly object: KubernetesObject }

/** As far as suites look at it. */
export type KubernetesObject = {
  readonly metadata?: {
    readonly name: string
    readonly uid?: string
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly items?: readonly KubernetesObject[]
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: { readonly nodeName?: string; readonly containers?: readonly KubernetesContainer[] }
  readonly status?: {
    readonly phase?: string
    readonly token?: string
    readonly readyReplicas?: number
    readonly hard?: object
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

type KubernetesContainer = {
  readonly name: string
  readonly command: readonly string[]
  readonly env: readonly {
    readonly name: string
    readonly value?: string
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } }
  }[]
}

/** Starts a control plane under `name`. It is stopped when this process ends, however that happens. */
export function startKubernetes(name: string): Started<Kubernetes> {
  const started = startLabServer(SCRIPT, name)
  if (started.kind === 'unavailable') return started
  const reached = JSON.parse(started.engine) as Pick<Kubernetes, 'server' | 'ca' | 'token'>
  const ask: Kubernetes['ask'] = (method, path, body) => askServer(reached, { method, path, body })
  const kubernetes: Kubernetes = {
    ...reached,
    ask,
    async have(method, path, body) {
      const { status, object } = await ask(method, path, body)
      if (status < 300) return object
      throw new Error(`${method} ${path} was answered with ${status}: ${JSON.stringify(object)}`)
    },
    stop: () => stopLabServer(SCRIPT, name),
  }
  return { kind: 'started', engine: kubernetes }
}

const SCRIPT = 'kubernetes.sh'

type Asked = { readonly method: Method; readonly path: string; readonly body: object | undefined }

async function askServer(
  { server, ca, token }: Pick<Kubernetes, 'server' | 'ca' | 'token'>,
  { method, path, body }: Asked,
): Promise<Answer> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const text = body === undefined ? '' : JSON.stringify(body)
  // Without a length Node sends the body of a DELETE so that it is not seen.
  const length = { 'content-length': Buffer.byteLength(text) }
  const headers = { authorization: `Bearer ${token}`, 'content-type': type, ...length }
  const sent = request(`${server}${path}`, { method, headers, ca: readFileSync(ca), agent: false })
  return new Promise((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', (response) => {
      let said = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, object: JSON.parse(said) as KubernetesObject }),
      )
    })
    sent.end(text)
  })
}
