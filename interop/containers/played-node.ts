import { must } from '@moraine/stdx/assert'
import { eventually } from '@moraine/testkit/eventually'
import type { Kubernetes, KubernetesObject } from '../lab/kubernetes.ts'
import type { ClusterNamespace } from './cluster-namespace.ts'

/** What a node says of the pod of one optimizer. */
export type PodStatus = { readonly phase: string; readonly [key: string]: unknown }

/**
 * What the lab's cluster lacks, played: the scheduler, which gives each pod a node, and the node, which says that its pods
 * run and lets go of those that are to end. All else, from Deployments to the removal of what was owned, is the cluster's.
 */
export type PlayedNode = {
  /** Until each Deployment has a pod that runs, and everything that was deleted is gone. */
  settle(): Promise<void>
  /** Says something of the pod of an optimizer, once there is one. */
  say(resourceId: string, status: PodStatus): Promise<void>
  podOf(resourceId: string): Promise<KubernetesObject | undefined>
}

const NODE = 'played'
const RUNNING: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }

export function playNode(cluster: Kubernetes, { path }: ClusterNamespace): PlayedNode {
  const pods = path('api/v1', 'pods')
  const deployments = path('apis/apps/v1', 'deployments')
  const itemsOf = async (list: string) => (await cluster.have('GET', list)).items ?? []
  const nameOf = ({ metadata }: KubernetesObject) => must(metadata, 'an object without metadata').name
  /** Gone meanwhile is fine; anything else is not. */
  const change = async (method: 'POST' | 'PATCH' | 'DELETE', to: string, body: object) => {
    const { status, object } = await cluster.ask(method, to, body)
    if (status >= 300 && ![404, 409].includes(status)) throw new Error(`${to}: ${status} ${JSON.stringify(object)}`)
  }
  const bind = (pod: string) =>
    change('POST', `${pods}/${pod}/binding`, { metadata: { name: pod }, target: { kind: 'Node', name: NODE } })
  const play = async (pod: KubernetesObject) => {
    const name = nameOf(pod)
    if (pod.metadata?.deletionTimestamp !== undefined) {
      await change('DELETE', `${pods}/${name}`, { gracePeriodSeconds: 0 })
    } else if (pod.status?.phase === 'Pending') {
      if (pod.spec?.nodeName === undefined) await bind(name)
      await change('PATCH', `${pods}/${name}/status`, { status: RUNNING })
    }
  }
  const podOf = async (resourceId: string) =>
    (await itemsOf(`${pods}?labelSelector=AmoroResourceId%3D${resourceId}`))[0]
  return {
    podOf,
    async settle() {
      await eventually('pods of all Deployments, and the end of all that was deleted', async () => {
        for (const pod of await itemsOf(pods)) await play(pod)
        const [all, left] = [await itemsOf(deployments), await itemsOf(pods)]
        const isThere = all.every(
          ({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.readyReplicas === 1,
        )
        return isThere && left.length === all.length ? true : undefined
      })
    },
    async say(resourceId, status) {
      const pod = await eventually(`a pod of ${resourceId}`, () => podOf(resourceId))
      await cluster.have('PATCH', `${pods}/${nameOf(pod)}/status`, { status })
    },
  }
}
