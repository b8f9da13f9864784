import type { ResourceId } from '@moraine/lifecycle/identity'
import type { Launched } from '@moraine/management/resources/container'
import { type ApiObject, numberAt, objectsAt, textAt, valueAt } from './api-object.ts'
import { LABELS, OPTIMIZER } from './optimizer-pod.ts'

/**
 * What has become of each Deployment, by what the cluster says of it and of its pods. A Deployment without the label of
 * a resource is none of ours.
 */
export function launchedOptimizers(deployments: readonly ApiObject[], pods: readonly ApiObject[]): readonly Launched[] {
  const podsOf = Map.groupBy(pods, (pod) => labelOf(pod))
  return deployments.flatMap((deployment) => {
    const resourceId = labelOf(deployment)
    if (resourceId === undefined) return []
    const { condition, detail } = conditionOf(deployment, podsOf.get(resourceId) ?? [])
    return [{ resourceId: resourceId as ResourceId, condition, detail: detail?.slice(0, DETAIL_MAX) }]
  })
}

const DETAIL_MAX = 500

type Found = { readonly condition: Launched['condition']; readonly detail: string | undefined }

function conditionOf(deployment: ApiObject, pods: readonly ApiObject[]): Found {
  if (textAt(deployment, 'metadata', 'deletionTimestamp') !== undefined) {
    return { condition: 'running', detail: 'released; its pod ends' }
  }
  const live = pods.filter((pod) => textAt(pod, 'metadata', 'deletionTimestamp') === undefined)
  const ready = live.find((pod) => isTrue(pod, 'Ready'))
  if (ready !== undefined) return { condition: 'running', detail: restarts(ready) }
  const failure = refusedPods(deployment) ?? first(live.map(podFailure)) ?? tooLong(deployment)
  return failure === undefined
    ? { condition: 'starting', detail: undefined }
    : { condition: 'failing', detail: failure }
}

/** Pods that cannot even be made: a quota, a policy of the namespace. */
function refusedPods(deployment: ApiObject): string | undefined {
  const condition = conditionNamed(deployment, 'ReplicaFailure')
  return textAt(condition, 'status') === 'True' ? reasonOf(condition) : undefined
}

/** The rollout did not come about in time, for no reason that a pod tells. */
function tooLong(deployment: ApiObject): string | undefined {
  const condition = conditionNamed(deployment, 'Progressing')
  return textAt(condition, 'status') === 'False' ? reasonOf(condition) : undefined
}

function podFailure(pod: ApiObject): string | undefined {
  const statuses = [
    ...objectsAt(pod, 'status', 'initContainerStatuses'),
    ...objectsAt(pod, 'status', 'containerStatuses'),
  ]
  const waiting = first(statuses.map(waitingReason))
  if (waiting !== undefined) return waiting
  const scheduled = conditionNamed(pod, 'PodScheduled')
  if (textAt(scheduled, 'status') === 'False' && textAt(scheduled, 'reason') === 'Unschedulable') {
    return reasonOf(scheduled)
  }
  // Evicted, or its node is gone; what comes in its place has a pod of its own.
  return textAt(pod, 'status', 'phase') === 'Failed'
    ? (reasonOf(valueAt(pod, 'status')) ?? 'the pod failed')
    : undefined
}

/** Why a container waits, unless it waits as each does at first. */
function waitingReason(status: ApiObject): string | undefined {
  const waiting = valueAt(status, 'state', 'waiting')
  const reason = textAt(waiting, 'reason')
  if (reason === undefined || USUAL.has(reason)) return undefined
  const name = textAt(status, 'name')
  const where = name === OPTIMIZER ? '' : `container ${name}: `
  return [`${where}${reasonOf(waiting)}`, lastEnd(status)].filter((each) => each !== undefined).join('; ')
}

const USUAL: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing'])

function restarts(pod: ApiObject): string | undefined {
  const status = objectsAt(pod, 'status', 'containerStatuses').find(({ name }) => name === OPTIMIZER)
  const count = numberAt(status, 'restartCount') ?? 0
  return count === 0 ? undefined : [`started again, times: ${count}`, lastEnd(status)].filter(Boolean).join('; ')
}

function lastEnd(status: unknown): string | undefined {
  const ended = valueAt(status, 'lastState', 'terminated')
  if (ended === undefined) return undefined
  return `it ended before with ${textAt(ended, 'reason') ?? 'no reason'}, exit code ${numberAt(ended, 'exitCode')}`
}

function reasonOf(said: unknown): string | undefined {
  const parts = [textAt(said, 'reason'), textAt(said, 'message')].filter((each) => each !== undefined && each !== '')
  return parts.length === 0 ? undefined : parts.join(': ')
}

function conditionNamed(object: ApiObject, type: string): ApiObject | undefined {
  return objectsAt(object, 'status', 'conditions').find((condition) => condition['type'] === type)
}

function isTrue(object: ApiObject, type: string): boolean {
  return textAt(conditionNamed(object, type), 'status') === 'True'
}

function labelOf(object: ApiObject): string | undefined {
  return textAt(object, 'metadata', 'labels', LABELS.resourceId)
}

function first(reasons: readonly (string | undefined)[]): string | undefined {
  return reasons.find((reason) => reason !== undefined)
}
