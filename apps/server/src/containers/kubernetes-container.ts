import type { ResourceId } from '@moraine/lifecycle/identity'
import { checkOrder } from '@moraine/management/resources/check-order'
import type { Container, LaunchOrder } from '@moraine/management/resources/container'
import { checkAborted } from '@moraine/stdx/abort'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, MoraineError } from '@moraine/stdx/error'
import { textAt } from './kubernetes/api-object.ts'
import { readKubernetesAccess } from './kubernetes/kubernetes-access.ts'
import { type ApiCall, type KubernetesClient, kubernetesClient } from './kubernetes/kubernetes-client.ts'
import { readKubernetesSettings, settingsOfGroup } from './kubernetes/kubernetes-settings.ts'
import { launchedOptimizers } from './kubernetes/optimizer-condition.ts'
import {
  type OptimizerOwner,
  optimizerDeployment,
  optimizerName,
  optimizerSecret,
  optimizerSelector,
} from './kubernetes/optimizer-manifest.ts'
import { LABELS } from './kubernetes/optimizer-pod.ts'

export type KubernetesContainerDeps = {
  /**
   * The same for all servers that share a database, and no other service's: what bears it in the cluster is this service's.
   * At most 63 letters, digits, dashes, dots and underscores.
   */
  readonly serviceId: string
  readonly clock: Pick<Clock, 'sleep'>
  /** Of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Optimizers as Deployments of one pod in a namespace of a Kubernetes cluster (Amoro's `KubernetesOptimizerContainer`).
 * The cluster need not be reached to open it.
 *
 * @throws {MoraineError} naming the property, or the file, that is wrong, and the remedy
 */
export async function openKubernetesContainer(
  name: string,
  properties: Readonly<Record<string, string>>,
  { serviceId, clock, environment }: KubernetesContainerDeps,
): Promise<Container> {
  const owner: OptimizerOwner = {
    service: labelValue(name, 'the id of the service', serviceId),
    container: labelValue(name, 'its name', name),
  }
  const settings = readKubernetesSettings(name, properties)
  const place = { kubeConfigPath: settings.kubeConfigPath, environment }
  await readKubernetesAccess(place).catch((cause: unknown) => {
    const kind = cause instanceof MoraineError ? cause.kind : 'internal'
    throw new MoraineError(kind, `container ${name}: ${describeError(cause)}`, { cause })
  })
  const client = kubernetesClient({ container: name, namespace: settings.namespace, place, clock })
  return {
    name,
    async launch(order, signal) {
      checkOrder(order)
      checkAborted(signal, `container ${name}: launching ${order.resourceId}`)
      const own = settingsOfGroup(settings, { group: order.group, properties: order.groupProperties })
      await launch({ client, owner, order, deployment: optimizerDeployment(order, own, owner) }, signal)
    },
    release: (resourceId, signal) => release({ client, owner, resourceId }, signal),
    async list(signal) {
      const selector = optimizerSelector(owner)
      // In this order: the pods of a Deployment that is listed are no older than it.
      const deployments = await client.listAll('deployments', selector, signal)
      return launchedOptimizers(
        deployments,
        deployments.length === 0 ? [] : await client.listAll('pods', selector, signal),
      )
    },
    async close() {
      client.close()
    },
  }
}

type Launch = {
  readonly client: KubernetesClient
  readonly owner: OptimizerOwner
  readonly order: LaunchOrder
  readonly deployment: NonNullable<ApiCall['body']>
}

/**
 * The Deployment comes first, since the Secret is to go with it; its pod waits for the Secret. Whatever was cut off in
 * between is completed when the order comes again.
 */
async function launch({ client, owner, order, deployment }: Launch, signal?: AbortSignal): Promise<void> {
  // Strict: a field of the template that Kubernetes does not know is an error there, not a warning that nobody reads.
  const asked = { verb: 'create', resource: 'deployments', query: STRICT, body: deployment } as const
  const answer = await client.call(asked, signal)
  const isTaken = answer.kind === 'failed' && answer.isThere
  if (answer.kind === 'failed' && !isTaken) throw client.errorOf(asked, answer)
  const found =
    answer.kind === 'done' ? answer.object : await findOwn({ client, owner, resourceId: order.resourceId }, signal)
  const uid = textAt(found, 'metadata', 'uid')
  if (found === undefined || uid === undefined) {
    const problem = `is another's in this namespace, or has just gone; it is asked again later`
    throw new MoraineError('conflict', `container ${owner.container}: ${optimizerName(order.resourceId)} ${problem}`)
  }
  const secret = optimizerSecret(order, owner, uid)
  if (secret === undefined) return
  const secretAsked = { verb: 'create', resource: 'secrets', query: STRICT, body: secret } as const
  const secretAnswer = await client.call(secretAsked, signal)
  if (secretAnswer.kind === 'done' || secretAnswer.isThere) return
  const error = client.errorOf(secretAsked, secretAnswer)
  if (isTaken) throw error
  throw await undone({ client, order, uid }, error)
}

const STRICT = { fieldValidation: 'Strict' } as const

/** An order that was refused leaves nothing behind: without its secret the pod would wait for ever. */
async function undone(
  { client, order, uid }: Pick<Launch, 'client' | 'order'> & { readonly uid: string },
  error: MoraineError,
): Promise<MoraineError> {
  const asked = deletion(optimizerName(order.resourceId), uid, 'Background')
  const failure = await client.call(asked).then(
    (answer) => (answer.kind === 'done' || answer.status === 404 ? undefined : client.errorOf(asked, answer)),
    (cause: unknown) => cause,
  )
  if (failure === undefined) return error
  const left = `the Deployment made for it is left: ${describeError(failure)}`
  return new MoraineError(error.kind, `${error.message}; ${left}`, { cause: error })
}

type Named = { readonly client: KubernetesClient; readonly owner: OptimizerOwner; readonly resourceId: ResourceId }

/** Its pod is told to end, and the Deployment stays listed until the pod has gone. */
async function release(named: Named, signal?: AbortSignal): Promise<void> {
  const { client, resourceId } = named
  const found = await findOwn(named, signal)
  const uid = textAt(found, 'metadata', 'uid')
  if (uid === undefined) return
  const asked = deletion(optimizerName(resourceId), uid, 'Foreground')
  const answer = await client.call(asked, signal)
  // Gone meanwhile, or another of that name has come meanwhile.
  if (answer.kind === 'failed' && answer.status !== 404 && answer.status !== 409) throw client.errorOf(asked, answer)
}

function deletion(name: string, uid: string, propagationPolicy: 'Background' | 'Foreground'): ApiCall {
  return { verb: 'delete', resource: 'deployments', name, body: { propagationPolicy, preconditions: { uid } } }
}

/** `undefined` if there is none, or if it is not this container's. */
async function findOwn({ client, owner, resourceId }: Named, signal?: AbortSignal) {
  const asked = { verb: 'get', resource: 'deployments', name: optimizerName(resourceId) } as const
  const answer = await client.call(asked, signal)
  if (answer.kind === 'failed') {
    if (answer.status === 404) return undefined
    throw client.errorOf(asked, answer)
  }
  const labelled = (label: string) => textAt(answer.object, 'metadata', 'labels', label)
  const isOwn = labelled(LABELS.service) === owner.service && labelled(LABELS.container) === owner.container
  return isOwn ? answer.object : undefined
}

function labelValue(container: string, what: string, text: string): string {
  if (/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(text)) return text
  const form = 'at most 63 letters, digits, dashes, dots and underscores, a letter or digit at either end'
  throw new MoraineError(
    'invalid-input',
    `container ${container}: ${what} '${text}' cannot be a label; it must be ${form}`,
  )
}
