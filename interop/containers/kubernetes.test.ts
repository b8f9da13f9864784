import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ResourceId } from '@moraine/lifecycle/identity'
import type { Container, LaunchOrder } from '@moraine/management/resources/container'
import { mapBounded } from '@moraine/stdx/bounded'
import { containerConformance, type OpenedContainer } from '@moraine/testkit/conformance/container'
import { eventually } from '@moraine/testkit/eventually'
import { leftOut } from '../lab/depth.ts'
import { type Kubernetes, type KubernetesObject, startKubernetes } from '../lab/kubernetes.ts'
import {
  type ClusterNamespace,
  makeNamespace,
  type NamespaceOptions,
  restoreRole,
  writeKubeConfig,
} from './cluster-namespace.ts'
import { startLosingProxy } from './losing-proxy.ts'
import { type PlayedNode, playNode } from './played-node.ts'

// The Kubernetes container against the control plane of a real cluster, as somebody who may do what the guide says and
// nothing else. What nodes would do is played (played-node.ts).

const why = leftOut('a control plane of Kubernetes is built from source first')
const started =
  why === undefined ? startKubernetes(`containers-${process.pid}`) : ({ kind: 'unavailable', why } as const)
after(() => {
  if (started.kind === 'started') started.engine.stop()
})

if (started.kind === 'unavailable') {
  test('optimizers in Kubernetes', (context) => context.skip(started.why))
} else {
  containerConformance('kubernetes', () => openForConformance(started.engine))
}

type Lab = { readonly cluster: Kubernetes; readonly namespace: ClusterNamespace; readonly node: PlayedNode }

/** Each test has a namespace of its own. */
function testOf(name: string, options: NamespaceOptions, body: (lab: Lab) => Promise<void>): void {
  test(name, { timeout: 120_000 }, async (context) => {
    if (started.kind === 'unavailable') return context.skip(started.why)
    const cluster = started.engine
    const namespace = await makeNamespace(cluster, options)
    await body({ cluster, namespace, node: playNode(cluster, namespace) })
  })
}

const order = (id: string, more: Partial<LaunchOrder> = {}): LaunchOrder => ({
  resourceId: id as ResourceId,
  group: 'etl',
  threads: 1,
  memoryMb: 512,
  groupProperties: {},
  url: 'thrift://ams:1261',
  trusted: undefined,
  groupSecret: 's3cret',
  ...more,
})
const idsOf = async (container: Container) => (await container.list()).map(({ resourceId }) => resourceId)
const namesOf = ({ items = [] }: KubernetesObject) => items.map(({ metadata }) => metadata?.name)
const deploymentsOf = async ({ cluster, namespace }: Lab) =>
  namesOf(await cluster.have('GET', namespace.path('apis/apps/v1', 'deployments')))
const secretsOf = async ({ cluster, namespace }: Lab) =>
  namesOf(await cluster.have('GET', namespace.path('api/v1', 'secrets')))

testOf('the secret of the group is kept in a Secret, which goes with its Deployment', {}, async (lab) => {
  const container = await lab.namespace.open()
  await container.launch(order('one'))
  await lab.node.settle()
  const secret = await lab.cluster.have('GET', lab.namespace.path('api/v1', 'secrets/amoro-optimizer-one'))
  assert.deepEqual(secret.data, { 'group-secret': Buffer.from('s3cret').toString('base64') })
  await container.release(order('one').resourceId)
  assert.deepEqual(await container.list(), [
    { resourceId: 'one', condition: 'running', detail: 'released; its pod ends' },
  ])
  await lab.node.settle()
  await eventually('the end of the Secret', async () => ((await secretsOf(lab)).length === 0 ? true : undefined))
})

const RIGHTS: readonly {
  readonly verb: string
  readonly resource: string
  readonly act: (container: Container) => Promise<unknown>
}[] = [
  { verb: 'create', resource: 'deployments', act: (container) => container.launch(order('two')) },
  { verb: 'create', resource: 'secrets', act: (container) => container.launch(order('two')) },
  { verb: 'get', resource: 'deployments', act: (container) => container.release(order('one').resourceId) },
  { verb: 'delete', resource: 'deployments', act: (container) => container.release(order('one').resourceId) },
  { verb: 'list', resource: 'deployments', act: (container) => container.list() },
  { verb: 'list', resource: 'pods', act: (container) => container.list() },
]

for (const { verb, resource, act } of RIGHTS) {
  testOf(
    `who may not ${verb} ${resource} is told so, and nothing is half done`,
    { without: { verb, resource } },
    async (lab) => {
      const container = await lab.namespace.open()
      if (verb !== 'create') await container.launch(order('one'))
      const before = await deploymentsOf(lab)
      await assert.rejects(act(container), {
        kind: 'permission',
        message: new RegExp(
          `container k8s: .*allow the verb ${verb} on ${resource} by a Role in namespace ${lab.namespace.name} `,
        ),
      })
      await eventually('nothing left', async () =>
        (await deploymentsOf(lab)).length === before.length ? true : undefined,
      )
      await restoreRole(lab.cluster, lab.namespace)
      // Rights that were given are known a moment later.
      await eventually('the right', () =>
        act(container).then(
          () => true,
          () => undefined,
        ),
      )
    },
  )
}

testOf(
  'a namespace that is not there, and one that nobody else may see, are told',
  {},
  async ({ cluster, namespace }) => {
    const administrator = writeKubeConfig(cluster, { token: cluster.token })
    const absent = await namespace.open({ properties: { namespace: 'nowhere', 'kube-config-path': administrator } })
    await assert.rejects(absent.launch(order('one')), {
      kind: 'not-found',
      message: /create the namespace, or correct the property namespace .*namespaces "nowhere" not found/,
    })
    assert.deepEqual(await absent.list(), [])
    const foreign = await namespace.open({ properties: { namespace: 'default' } })
    await assert.rejects(foreign.launch(order('one')), { kind: 'permission', message: /in namespace default / })
  },
)

testOf('a quota of Deployments refuses the order; one of pods lets it fail by name', {}, async (lab) => {
  const { cluster, namespace } = lab
  const container = await namespace.open()
  const limit = async (hard: object) => {
    const quotas = namespace.path('api/v1', 'resourcequotas')
    await cluster.ask('DELETE', `${quotas}/limit`)
    await cluster.have('POST', quotas, { metadata: { name: 'limit' }, spec: { hard } })
    await eventually('the quota', async () => (await cluster.have('GET', `${quotas}/limit`)).status?.hard)
  }
  await limit({ 'count/deployments.apps': '0' })
  await assert.rejects(container.launch(order('one')), {
    kind: 'exhausted',
    message: new RegExp(`a quota of namespace ${namespace.name} is used up; .*exceeded quota: limit`),
  })
  await limit({ 'limits.memory': '700Mi' })
  await container.launch(order('two'))
  const failing = await eventually('what the quota forbids', async () =>
    (await container.list()).find(({ condition }) => condition === 'failing'),
  )
  assert.match(failing.detail ?? '', /FailedCreate: .*exceeded quota: limit, requested: limits.memory=1Gi/)
})

testOf('a quota of secrets refuses the order and leaves no Deployment', {}, async (lab) => {
  const quotas = lab.namespace.path('api/v1', 'resourcequotas')
  await lab.cluster.have('POST', quotas, { metadata: { name: 'limit' }, spec: { hard: { secrets: '0' } } })
  await eventually('the quota', async () => (await lab.cluster.have('GET', `${quotas}/limit`)).status?.hard)
  const container = await lab.namespace.open()
  await assert.rejects(container.launch(order('one')), { kind: 'exhausted', message: /exceeded quota: limit/ })
  assert.deepEqual(await deploymentsOf(lab), [])
})

testOf(
  'an optimizer that does not come up is failing, and says what the cluster says',
  {},
  async ({ namespace, node }) => {
    const container = await namespace.open()
    await container.launch(order('one'))
    const waiting = (reason: string, message: string) => ({
      phase: 'Pending',
      containerStatuses: [
        {
          name: 'optimizer',
          image: 'x',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { waiting: { reason, message } },
        },
      ],
    })
    const unschedulable = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/3 nodes are available',
    }
    const said = async () => (await container.list()).map(({ condition, detail }) => [condition, detail])
    await node.say('one', { phase: 'Pending', conditions: [unschedulable] })
    assert.deepEqual(await said(), [['failing', 'Unschedulable: 0/3 nodes are available']])
    await node.say('one', { ...waiting('ImagePullBackOff', 'Back-off pulling image "moraine:1"'), conditions: [] })
    assert.deepEqual(await said(), [['failing', 'ImagePullBackOff: Back-off pulling image "moraine:1"']])
    await node.say('one', waiting('CrashLoopBackOff', 'back-off 40s'))
    assert.deepEqual(await said(), [['failing', 'CrashLoopBackOff: back-off 40s']])
    await node.settle()
    assert.deepEqual(await said(), [['running', undefined]])
  },
)

testOf(
  'a pod that the namespace does not allow is failing; a field that is none is refused',
  {},
  async ({ namespace }) => {
    const strict = await namespace.open({ properties: { podTemplate: 'spec: {hostNetwork: true}' } })
    await strict.launch(order('one'))
    const failing = await eventually('what the standard forbids', async () =>
      (await strict.list()).find(({ condition }) => condition === 'failing'),
    )
    assert.match(failing.detail ?? '', /FailedCreate: .*violates PodSecurity "restricted:latest": host namespaces/)
    const mistaken = await namespace.open({ properties: { podTemplate: 'spec: {nodeSelectors: {disk: fast}}' } })
    await assert.rejects(mistaken.launch(order('two')), {
      kind: 'invalid-input',
      message: /unknown field "spec\.template\.spec\.nodeSelectors"/,
    })
    const wrong = await namespace.open({ properties: { podTemplate: 'spec: {priority: 1, dnsPolicy: Mine}' } })
    await assert.rejects(wrong.launch(order('two')), { kind: 'invalid-input', message: /dnsPolicy: Unsupported value/ })
  },
)

testOf('a template is what the pod becomes', {}, async ({ namespace, node }) => {
  const podTemplate = `
metadata: {labels: {team: lake}}
spec:
  volumes: [{name: scratch, emptyDir: {}}]
  containers: [{name: optimizer, env: [{name: AWS_REGION, value: eu-west-1}], volumeMounts: [{name: scratch, mountPath: /scratch}]}]
`
  const container = await namespace.open({ properties: { podTemplate } })
  await container.launch(order('one'))
  await node.settle()
  const pod = await node.podOf('one')
  assert.equal(pod?.metadata?.labels?.['team'], 'lake')
  assert.deepEqual(pod?.spec?.containers?.[0]?.env.slice(0, 2), [
    { name: 'AWS_REGION', value: 'eu-west-1' },
    { name: 'MORAINE_RESOURCE_ID', value: 'one' },
  ])
})

testOf('two services and two containers in one namespace do not see one another', {}, async (lab) => {
  const { namespace, cluster } = lab
  const [own, other] = [await namespace.open(), await namespace.open({ serviceId: 'service-2' })]
  await own.launch(order('own'))
  await other.launch(order('other'))
  const labels = { app: 'amoro-optimizer-amoro', AmoroResourceId: 'amoro' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'optimizer', image: 'amoro:1' }] } }
  await cluster.have('POST', namespace.path('apis/apps/v1', 'deployments'), {
    metadata: { name: 'amoro-optimizer-amoro', labels },
    spec: { selector: { matchLabels: labels }, template },
  })
  assert.deepEqual([await idsOf(own), await idsOf(other)], [['own'], ['other']])
  await own.release(order('other').resourceId)
  await own.release(order('amoro').resourceId)
  assert.equal((await deploymentsOf(lab)).length, 3)
  await assert.rejects(own.launch(order('other')), {
    kind: 'conflict',
    message: /container k8s: amoro-optimizer-other is another's in this namespace/,
  })
  assert.deepEqual([await idsOf(own), await idsOf(other)], [['own'], ['other']])
})

testOf('a call whose answer was lost is made again, and makes nothing twice', {}, async (lab) => {
  const { cluster, namespace, node } = lab
  const proxy = await startLosingProxy(cluster)
  try {
    const kubeConfig = writeKubeConfig({ server: proxy.server, ca: '' }, { token: cluster.token })
    let lost = proxy.loseAfter(0)
    // The time of a call is up once its answer is lost.
    const container = await namespace.open({
      clock: { sleep: () => lost },
      properties: { 'kube-config-path': kubeConfig },
    })
    const losing = async (count: number, asked: string, act: () => Promise<unknown>) => {
      lost = proxy.loseAfter(count)
      await assert.rejects(act(), {
        kind: 'timeout',
        message: new RegExp(`^container k8s: to ${asked} did not end within`),
      })
      lost = proxy.loseAfter(Number.POSITIVE_INFINITY)
      return act()
    }
    const one = order('one')
    await losing(0, 'create deployments', () => container.launch(one))
    await losing(1, 'create secrets', () => container.launch(order('two')))
    await losing(1, 'get deployments', () => container.launch(one))
    await node.settle()
    const names = ['amoro-optimizer-one', 'amoro-optimizer-two']
    assert.deepEqual([await deploymentsOf(lab), await secretsOf(lab)], [names, names])
    await losing(0, 'list deployments', () => container.list())
    await losing(1, 'list pods', () => container.list())
    assert.deepEqual(await idsOf(container), ['one', 'two'])
    await losing(0, 'get deployments', () => container.release(one.resourceId))
    await losing(1, 'delete deployments', () => container.release(order('two').resourceId))
    await node.settle()
    assert.deepEqual(await container.list(), [])
  } finally {
    proxy.close()
  }
})

testOf('a Secret that was not made is made when the order comes again', {}, async (lab) => {
  const container = await lab.namespace.open()
  await container.launch(order('one'))
  await lab.cluster.have('DELETE', lab.namespace.path('api/v1', 'secrets/amoro-optimizer-one'))
  await container.launch(order('one'))
  assert.deepEqual(await secretsOf(lab), ['amoro-optimizer-one'])
})

testOf('a list of several pages is whole', {}, async (lab) => {
  const { cluster, namespace } = lab
  // No pods: the cluster has no nodes for so many.
  const quotas = namespace.path('api/v1', 'resourcequotas')
  await cluster.have('POST', quotas, { metadata: { name: 'limit' }, spec: { hard: { pods: '0' } } })
  const container = await namespace.open()
  const ids = Array.from({ length: 260 }, (_, at) => `many-${at}`)
  await mapBounded(ids, 8, (id) => container.launch(order(id, { groupSecret: undefined })))
  assert.deepEqual((await idsOf(container)).toSorted(), ids.toSorted())
})

testOf(
  'a token is read anew for each call; one that counts no more, and a stranger’s certificate, are told',
  {},
  async (lab) => {
    const { cluster, namespace } = lab
    const file = writeKubeConfig(cluster, { token: 'not-a-token' })
    const container = await namespace.open({ properties: { 'kube-config-path': file } })
    await assert.rejects(container.list(), { kind: 'unauthenticated', message: /container k8s: .*renew the token/ })
    writeKubeConfig(cluster, { token: cluster.token }, file)
    assert.deepEqual(await container.list(), [])
    writeKubeConfig({ server: cluster.server, ca: '' }, { token: cluster.token }, file)
    await assert.rejects(container.list(), {
      kind: 'unavailable',
      message: /127\.0\.0\.1:\d+ is not reached: .*certificate-authority/,
    })
  },
)

async function openForConformance(cluster: Kubernetes): Promise<OpenedContainer> {
  const namespace = await makeNamespace(cluster)
  const node = playNode(cluster, namespace)
  const container = await namespace.open()
  const nowhere = writeKubeConfig({ server: 'https://127.0.0.1:1', ca: cluster.ca }, { token: cluster.token })
  const optimizerOf = async (resourceId: string) => (await node.podOf(resourceId))?.spec?.containers?.[0]
  return {
    container,
    settle: node.settle,
    // As a node reads it.
    commandOf: async (resourceId) => (await optimizerOf(resourceId))?.command.map((each) => each.replaceAll('$$', '$')),
    async variablesOf(resourceId) {
      const variables = (await optimizerOf(resourceId))?.env ?? []
      const entries = await mapBounded(variables, 1, async ({ name, value, valueFrom }) => {
        if (valueFrom === undefined) return [name, value ?? ''] as const
        const { name: secret, key } = valueFrom.secretKeyRef
        const { data = {} } = await cluster.have('GET', namespace.path('api/v1', `secrets/${secret}`))
        return [name, Buffer.from(data[key] ?? '', 'base64').toString('utf8')] as const
      })
      return Object.fromEntries(entries)
    },
    async remove(resourceId) {
      const body = { propagationPolicy: 'Background' }
      await cluster.have('DELETE', namespace.path('apis/apps/v1', `deployments/amoro-optimizer-${resourceId}`), body)
    },
    unreachable: await namespace.open({ properties: { 'kube-config-path': nowhere } }),
    close: () => container.close(),
  }
}
