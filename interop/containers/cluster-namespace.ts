import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { openKubernetesContainer } from '@moraine/server/containers/kubernetes-container'
import { type Clock, systemClock } from '@moraine/stdx/clock'
import { parseAllDocuments } from 'yaml'
import type { Kubernetes } from '../lab/kubernetes.ts'

/** A namespace of a cluster, and somebody who is allowed there what the guide says, and nothing else. */
export type ClusterNamespace = {
  readonly name: string
  /** Path of an API group in this namespace, such as `apis/apps/v1` and `deployments`. */
  path(api: string, resources: string): string
  /** A kubeconfig of that somebody, with a token that the cluster gave it. */
  readonly kubeConfig: string
  open(options?: OpenOptions): ReturnType<typeof openKubernetesContainer>
}

type OpenOptions = {
  readonly serviceId?: string
  readonly properties?: Readonly<Record<string, string>>
  readonly clock?: Pick<Clock, 'sleep'>
}

export type NamespaceOptions = {
  /** A right that is taken from what the guide says. */
  readonly without?: { readonly verb: string; readonly resource: string }
}

export const CONTAINER = 'k8s'
export const SERVICE = 'service-1'

let namespaces = 0
let configs = 0
const folder = mkdtempSync(`${tmpdir()}/moraine-kube-`)
process.once('exit', () => rmSync(folder, { recursive: true }))

/** The namespace holds pods to the standard `restricted`, the strictest there is. */
export async function makeNamespace(
  cluster: Kubernetes,
  { without }: NamespaceOptions = {},
): Promise<ClusterNamespace> {
  namespaces += 1
  const name = `lake-${namespaces}`
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await cluster.have('POST', '/api/v1/namespaces', { metadata: { name, labels } })
  const path = (api: string, resources: string) => `/${api}/namespaces/${name}/${resources}`
  await setRole(cluster, path('apis/rbac.authorization.k8s.io/v1', 'roles'), without)
  const accounts = path('api/v1', 'serviceaccounts')
  await cluster.have('POST', accounts, { metadata: { name: 'moraine' } })
  await cluster.have('POST', path('apis/rbac.authorization.k8s.io/v1', 'rolebindings'), {
    metadata: { name: 'moraine' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: ROLE.metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: 'moraine', namespace: name }],
  })
  const { status } = await cluster.have('POST', `${accounts}/moraine/token`, { spec: { expirationSeconds: 3600 } })
  const kubeConfig = writeKubeConfig(cluster, { token: status?.token ?? '' })
  return {
    name,
    path,
    kubeConfig,
    open: ({ serviceId = SERVICE, properties = {}, clock = systemClock } = {}) =>
      openKubernetesContainer(
        CONTAINER,
        { image: 'moraine:1', namespace: name, 'kube-config-path': kubeConfig, ...properties },
        { serviceId, clock, environment: {} },
      ),
  }
}

/** The whole Role again, after a right was taken. */
export async function restoreRole(cluster: Kubernetes, { path }: ClusterNamespace): Promise<void> {
  await cluster.have('PATCH', path('apis/rbac.authorization.k8s.io/v1', `roles/${ROLE.metadata.name}`), ROLE)
}

/** @param file written over if it is given */
export function writeKubeConfig(
  { server, ca }: Pick<Kubernetes, 'server' | 'ca'>,
  user: object,
  file = newConfig(),
): string {
  const config = {
    'current-context': 'lab',
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
    clusters: [{ name: 'lab', cluster: { server, ...(ca !== '' && { 'certificate-authority': ca }) } }],
    users: [{ name: 'lab', user }],
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}

function newConfig(): string {
  configs += 1
  return `${folder}/config-${configs}`
}

type Role = {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[]
}

/** What the guide tells its readers to allow. */
const ROLE = roleOfGuide()

function roleOfGuide(): Role {
  const guide = readFileSync(new URL('../../docs/guides/kubernetes.md', import.meta.url), 'utf8')
  const blocks = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text)
  const documents = blocks.flatMap((text) => parseAllDocuments(text).map((each) => each.toJS() as Partial<Role> | null))
  const role = documents.find((document) => document?.kind === 'Role')
  if (role === undefined) throw new Error('the guide says no Role')
  return role as Role
}

async function setRole(cluster: Kubernetes, path: string, without: NamespaceOptions['without']): Promise<void> {
  const rules = ROLE.rules.flatMap((rule) => {
    const verbs = rule.resources.includes(without?.resource ?? '')
      ? rule.verbs.filter((verb) => verb !== without?.verb)
      : rule.verbs
    return verbs.length === 0 ? [] : [{ ...rule, verbs }]
  })
  await cluster.have('POST', path, { ...ROLE, rules })
}
