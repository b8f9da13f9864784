import { ALLOCATION_PROPERTIES } from '@moraine/management/resources/allocation-settings'
import type { LaunchOrder } from '@moraine/management/resources/container'
import { parseDurationText } from '@moraine/stdx/duration-text'
import { MoraineError } from '@moraine/stdx/error'
import { type ApiObject, isApiObject, objectsAt } from './api-object.ts'
import type { KubernetesSettings } from './kubernetes-settings.ts'
import { GROUP_SECRET_VARIABLE, LABELS, OPTIMIZER, RESOURCE_ID_VARIABLE } from './optimizer-pod.ts'

/** Whose optimizers these are. Both are values of labels. */
export type OptimizerOwner = { readonly service: string; readonly container: string }

/**
 * Of the Deployment and the Secret of an optimizer; a label, too.
 *
 * @throws {MoraineError} `invalid-input` if it is too long for one
 */
export function optimizerName(resourceId: string): string {
  const name = `${NAME_PREFIX}${resourceId}`
  if (name.length <= LABEL_MAX) return name
  const longest = LABEL_MAX - NAME_PREFIX.length
  throw new MoraineError(
    'invalid-input',
    `optimizer '${resourceId}': in Kubernetes an id has at most ${longest} characters`,
  )
}

/** The optimizers of one container of one service, and nobody else's. */
export function optimizerSelector({ service, container }: OptimizerOwner): string {
  return `${LABELS.managedBy}=${MANAGED_BY},${LABELS.service}=${service},${LABELS.container}=${container}`
}

/**
 * One optimizer as a Deployment of one pod, which starts it again if it dies. The pod has what the service says, then what
 * the template says, then what is usual for an optimizer.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/
 */
export function optimizerDeployment(
  order: LaunchOrder,
  settings: KubernetesSettings,
  owner: OptimizerOwner,
): ApiObject {
  const { labels, annotations } = settings.podTemplate
  const own = labelsOf(order, owner)
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: optimizerName(order.resourceId), labels: own },
    spec: {
      replicas: 1,
      // Never two of one id at a time, not even while one is replaced.
      strategy: { type: 'Recreate' },
      revisionHistoryLimit: 0,
      selector: { matchLabels: { [LABELS.app]: own[LABELS.app], [LABELS.resourceId]: order.resourceId } },
      template: { metadata: { labels: { ...labels, ...own }, annotations }, spec: podSpec(order, settings) },
    },
  }
}

/** The secret of the order's group, and what it trusts; goes when its Deployment goes. `undefined` if there is neither. */
export function optimizerSecret(
  order: LaunchOrder,
  owner: OptimizerOwner,
  deploymentUid: string,
): ApiObject | undefined {
  const { groupSecret, trusted } = order
  if (groupSecret === undefined && trusted === undefined) return undefined
  const name = optimizerName(order.resourceId)
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    immutable: true,
    metadata: {
      name,
      labels: labelsOf(order, owner),
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid: deploymentUid }],
    },
    stringData: {
      ...(groupSecret !== undefined && { [SECRET_KEY]: groupSecret }),
      ...(trusted !== undefined && { [TRUSTED_KEY]: trusted }),
    },
  }
}

const NAME_PREFIX = 'amoro-optimizer-'
const MANAGED_BY = 'moraine'
const SECRET_KEY = 'group-secret'
const TRUSTED_KEY = 'ca.pem'
const LABEL_MAX = 63

/** After its tasks have ended, or were given up, an optimizer cleans up. */
const CLEAN_UP_MS = 30_000

/**
 * What an optimizer takes besides its threads' limits: Node with the connection and the storage of the parent; for each
 * thread, Node with DuckDB (100 MB at rest) and what DuckDB does not count towards its limit (130 MB for a sort).
 */
const PARENT_MB = 256
const BESIDE_LIMIT_MB = 256

function labelsOf({ resourceId, group }: LaunchOrder, { service, container }: OptimizerOwner) {
  return {
    [LABELS.app]: optimizerName(resourceId),
    [LABELS.group]: labelValue(group),
    [LABELS.resourceId]: resourceId,
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.service]: service,
    [LABELS.container]: container,
  }
}

/** A label is for people here: what it cannot hold is left out. */
function labelValue(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '_')
    .slice(0, LABEL_MAX)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
}

function podSpec(order: LaunchOrder, settings: KubernetesSettings): ApiObject {
  const { spec, optimizer, sidecars } = settings.podTemplate
  const pullSecrets = settings.imagePullSecrets.map((name) => ({ name }))
  const container = optimizerContainer(order, settings)
  const hasTmp = objectsAt(optimizer, 'volumeMounts').some(({ mountPath }) => mountPath === TMP.mountPath)
  const [files, filesMounted] = trustedFile(order)
  const volumes = [...(hasTmp ? [] : [{ name: TMP.name, emptyDir: {} }]), ...files]
  const mounts = [...(hasTmp ? [] : [TMP]), ...filesMounted]
  return {
    // Nothing in an optimizer asks the API; and services of the namespace would become variables that it reads as settings.
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: Math.ceil((drainTimeoutMs(order) + CLEAN_UP_MS) / 1000),
    ...spec,
    securityContext: {
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
      ...objectOf(spec['securityContext']),
    },
    imagePullSecrets: [...pullSecrets, ...objectsAt(spec, 'imagePullSecrets')],
    volumes: [...volumes, ...objectsAt(spec, 'volumes')],
    containers: [
      {
        ...container,
        ...(mounts.length > 0 && { volumeMounts: [...mounts, ...objectsAt(optimizer, 'volumeMounts')] }),
      },
      ...sidecars,
    ],
  }
}

const TMP = { name: 'tmp', mountPath: '/tmp' } as const
const TRUSTED = { name: 'moraine-trusted', mountPath: '/etc/moraine-trusted', readOnly: true } as const

/** The volume of the certificates that it trusts, and where that is mounted. */
function trustedFile({ trusted, resourceId }: LaunchOrder): readonly [readonly ApiObject[], readonly ApiObject[]] {
  if (trusted === undefined) return [[], []]
  const items = [{ key: TRUSTED_KEY, path: TRUSTED_KEY }]
  return [[{ name: TRUSTED.name, secret: { secretName: optimizerName(resourceId), items } }], [TRUSTED]]
}

function optimizerContainer(order: LaunchOrder, settings: KubernetesSettings): ApiObject {
  const { optimizer } = settings.podTemplate
  return {
    ...optimizer,
    name: OPTIMIZER,
    image: settings.image,
    imagePullPolicy: settings.pullPolicy,
    command: ['moraine', ...optimizerArguments(order).map(verbatim)],
    env: [...objectsAt(optimizer, 'env'), ...variables(order)],
    resources: { ...resources(order, settings), ...objectOf(optimizer['resources']) },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      ...objectOf(optimizer['securityContext']),
    },
  }
}

function optimizerArguments({ url, trusted, group, threads, memoryMb }: LaunchOrder): readonly string[] {
  return [
    'optimizer',
    ...['--url', url],
    ...(trusted === undefined ? [] : ['--ca-file', `${TRUSTED.mountPath}/${TRUSTED_KEY}`]),
    ...['--group', group],
    ...['--threads', String(threads)],
    ...['--memory', String(memoryMb)],
  ]
}

/** Kubernetes takes `$(NAME)` for a variable, and `$$` for a dollar. */
function verbatim(text: string): string {
  return text.replaceAll('$', '$$$$')
}

function variables({ resourceId, groupSecret }: LaunchOrder): readonly ApiObject[] {
  const secretKeyRef = { name: optimizerName(resourceId), key: SECRET_KEY }
  return [
    { name: RESOURCE_ID_VARIABLE, value: resourceId },
    ...(groupSecret === undefined ? [] : [{ name: GROUP_SECRET_VARIABLE, valueFrom: { secretKeyRef } }]),
  ]
}

/** Asked for and allowed at once: an optimizer uses what it has, and a node is not promised twice. */
function resources({ threads, memoryMb }: LaunchOrder, { cpuFactor }: KubernetesSettings): ApiObject {
  const memory = `${PARENT_MB + threads * (memoryMb + BESIDE_LIMIT_MB)}Mi`
  const cpu = `${Math.ceil(threads * cpuFactor * 1000)}m`
  return { requests: { cpu, memory }, limits: { cpu, memory } }
}

/** Of the group; a text that is none is refused where the group is changed. */
function drainTimeoutMs({ groupProperties }: LaunchOrder): number {
  const { key, defaultText } = ALLOCATION_PROPERTIES.drainTimeoutMs
  return parseDurationText(groupProperties[key] ?? defaultText) ?? parseDurationText(defaultText) ?? 0
}

function objectOf(value: unknown): ApiObject {
  return isApiObject(value) ? value : {}
}
