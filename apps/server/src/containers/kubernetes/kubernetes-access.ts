import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { MoraineError } from '@moraine/stdx/error'
import { localError } from '@moraine/storage/local-error'
import { parse } from 'yaml'
import { type ApiObject, isApiObject, objectsAt, textAt, valueAt } from './api-object.ts'

/** Where an API server is, and how the service shows who it is. */
export type KubernetesAccess = {
  readonly server: URL
  readonly token: string | undefined
  readonly tls: TlsMaterial
}

/** As PEM; what is not given is Node's own. */
export type TlsMaterial = {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  readonly rejectUnauthorized?: false
}

export type AccessPlace = {
  /** A kubeconfig; `undefined` for the service account of the pod in which this process runs. */
  readonly kubeConfigPath: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where Kubernetes mounts the service account of a pod. */
  readonly accountFolder?: string
}

/**
 * Reads who and where from files, which is to be done before each call: tokens and certificates are renewed there, and
 * a server that moves is written there.
 *
 * @see https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 * @throws {MoraineError} naming the file, what is wrong with it and the remedy: `invalid-input`, `unsupported` for ways of
 *   showing who one is that need another program, or what reading a file brings
 */
export async function readKubernetesAccess(place: AccessPlace): Promise<KubernetesAccess> {
  return place.kubeConfigPath === undefined ? readPodAccount(place) : readKubeConfig(resolve(place.kubeConfigPath))
}

const ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

async function readPodAccount({ environment, accountFolder = ACCOUNT_FOLDER }: AccessPlace): Promise<KubernetesAccess> {
  const [host, port] = [environment['KUBERNETES_SERVICE_HOST'], environment['KUBERNETES_SERVICE_PORT']]
  if (host === undefined || port === undefined) {
    const remedy = 'name a kubeconfig in kube-config-path'
    throw new MoraineError(
      'invalid-input',
      `this process runs in no pod of Kubernetes (KUBERNETES_SERVICE_HOST); ${remedy}`,
    )
  }
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`)
  const [token, ca] = await Promise.all([
    readText(`${accountFolder}/token`, 'the token of the service account'),
    readText(`${accountFolder}/ca.crt`, 'the certificates of the cluster'),
  ])
  return { server, token: token.trim(), tls: { ca } }
}

async function readKubeConfig(file: string): Promise<KubernetesAccess> {
  const what = `kubeconfig ${file}`
  const config = parseConfig(await readText(file, 'the kubeconfig'), what)
  const current = textAt(config, 'current-context')
  if (current === undefined || current === '') {
    throw invalid(`${what} has no current-context; kubectl config use-context sets it`)
  }
  const context = named(config, { list: 'contexts', name: current, key: 'context', what })
  const cluster = named(config, { list: 'clusters', name: textAt(context, 'cluster') ?? '', key: 'cluster', what })
  const userName = textAt(context, 'user') ?? ''
  const user = userName === '' ? {} : named(config, { list: 'users', name: userName, key: 'user', what })
  refuseUnsupported(cluster, CLUSTER_REFUSED, `${what}: cluster ${textAt(context, 'cluster')}`)
  refuseUnsupported(user, USER_REFUSED, `${what}: user ${userName}`)
  const read = (from: ApiObject, key: string) => readMaterial(from, key, { folder: dirname(file), what })
  const [ca, cert, key] = await Promise.all([
    read(cluster, 'certificate-authority'),
    read(user, 'client-certificate'),
    read(user, 'client-key'),
  ])
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid(
      `${what}: user ${userName} has ${cert === undefined ? 'client-key' : 'client-certificate'} alone; both are needed`,
    )
  }
  const servername = textAt(cluster, 'tls-server-name')
  return {
    server: serverOf(cluster, what),
    token: await readToken(user, { folder: dirname(file) }),
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && key !== undefined && { cert, key }),
      ...(servername !== undefined && { servername }),
      ...(valueAt(cluster, 'insecure-skip-tls-verify') === true && { rejectUnauthorized: false }),
    },
  }
}

function parseConfig(text: string, what: string): ApiObject {
  try {
    const config: unknown = parse(text)
    if (isApiObject(config)) return config
  } catch (cause) {
    throw new MoraineError('invalid-input', `${what} is not valid YAML`, { cause })
  }
  throw invalid(`${what} is no configuration of kubectl`)
}

type Entry = { readonly list: string; readonly name: string; readonly key: string; readonly what: string }

function named(config: ApiObject, { list, name, key, what }: Entry): ApiObject {
  const entry = valueAt(
    objectsAt(config, list).find((each) => each['name'] === name),
    key,
  )
  if (isApiObject(entry)) return entry
  throw invalid(`${what} names ${key} '${name}', which is not among its ${list}`)
}

function serverOf(cluster: ApiObject, what: string): URL {
  const text = textAt(cluster, 'server') ?? ''
  const server = URL.canParse(text) ? new URL(text) : undefined
  if (server === undefined || !['https:', 'http:'].includes(server.protocol)) {
    throw invalid(`${what}: '${text}' is no address of an API server, such as https://kubernetes.example:6443`)
  }
  // kubectl proxy, for instance. Anywhere else the secrets of groups would be read on the way.
  if (server.protocol === 'http:' && !['127.0.0.1', '[::1]', 'localhost'].includes(server.hostname)) {
    throw invalid(`${what}: ${text} is not encrypted; use https`)
  }
  return server
}

/** A file, or its content in base64 under the key with `-data`, which wins as in kubectl. */
async function readMaterial(
  from: ApiObject,
  key: string,
  { folder, what }: { readonly folder: string; readonly what: string },
): Promise<string | undefined> {
  const data = textAt(from, `${key}-data`)
  if (data !== undefined && data !== '') {
    const text = Buffer.from(data, 'base64').toString('utf8')
    if (text.includes('-----BEGIN ')) return text
    throw invalid(`${what}: ${key}-data is no PEM in base64`)
  }
  const path = textAt(from, key)
  return path === undefined || path === '' ? undefined : readText(resolve(folder, path), key)
}

async function readToken(user: ApiObject, { folder }: { readonly folder: string }): Promise<string | undefined> {
  const path = textAt(user, 'tokenFile')
  if (path !== undefined && path !== '') return (await readText(resolve(folder, path), 'the token')).trim()
  const token = textAt(user, 'token')
  return token === '' ? undefined : token
}

const ACCOUNT_REMEDY = 'use the token of a service account (kubectl create token), or a client certificate'

const USER_REFUSED: readonly (readonly [string, string])[] = [
  ['exec', `runs a program for each login, which the service does not; ${ACCOUNT_REMEDY}`],
  ['auth-provider', `is a way of logging in that Kubernetes has given up; ${ACCOUNT_REMEDY}`],
  ['username', `is a way of logging in that Kubernetes has given up; ${ACCOUNT_REMEDY}`],
  ['as', `acts for somebody else, which the service does not; ${ACCOUNT_REMEDY}`],
]
const CLUSTER_REFUSED: readonly (readonly [string, string])[] = [
  ['proxy-url', 'leads through a proxy, which the service does not use; name an address that it reaches'],
]

function refuseUnsupported(object: ApiObject, keys: readonly (readonly [string, string])[], what: string): void {
  for (const [key, why] of keys) {
    const value = object[key] ?? ''
    if (value !== '') throw new MoraineError('unsupported', `${what}: ${key} ${why}`)
  }
}

async function readText(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw localError(cause, `reading ${what}, ${file},`)
  }
}

function invalid(message: string): MoraineError {
  return new MoraineError('invalid-input', message)
}
