import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceId } from '@moraine/lifecycle/identity'
import type { LaunchOrder } from '@moraine/management/resources/container'
import fc from 'fast-check'
import { type ApiObject, objectsAt, valueAt } from './api-object.ts'
import { type KubernetesSettings, readKubernetesSettings } from './kubernetes-settings.ts'
import { optimizerDeployment, optimizerSecret, optimizerSelector } from './optimizer-manifest.ts'

const OWNER = { service: 'service-1', container: 'k8s' }
const ORDER: LaunchOrder = {
  resourceId: 'r-1' as ResourceId,
  group: 'etl',
  threads: 2,
  memoryMb: 1024,
  groupProperties: {},
  url: 'thrift://ams:1261',
  trusted: undefined,
  groupSecret: 's3cret',
}
const settings = (more: Readonly<Record<string, string>> = {}): KubernetesSettings =>
  readKubernetesSettings('k8s', { image: 'moraine:1', ...more })
const podOf = (order: Partial<LaunchOrder> = {}, more?: Readonly<Record<string, string>>) =>
  valueAt(optimizerDeployment({ ...ORDER, ...order }, settings(more), OWNER), 'spec', 'template', 'spec') as ApiObject
const optimizerOf = (pod: ApiObject) => objectsAt(pod, 'containers').find(({ name }) => name === 'optimizer') ?? {}

const LABELS = {
  app: 'amoro-optimizer-r-1',
  AmoroOptimizerGroup: 'etl',
  AmoroResourceId: 'r-1',
  'app.kubernetes.io/managed-by': 'moraine',
  'app.kubernetes.io/instance': 'service-1',
  MoraineContainer: 'k8s',
}

test('an order is a Deployment of one pod', () => {
  assert.deepEqual(optimizerDeployment(ORDER, settings({ imagePullSecrets: 'pull' }), OWNER), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'amoro-optimizer-r-1', labels: LABELS },
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      revisionHistoryLimit: 0,
      selector: { matchLabels: { app: 'amoro-optimizer-r-1', AmoroResourceId: 'r-1' } },
      template: {
        metadata: { labels: LABELS, annotations: {} },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 15 * 60 + 30,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          imagePullSecrets: [{ name: 'pull' }],
          volumes: [{ name: 'tmp', emptyDir: {} }],
          containers: [
            {
              name: 'optimizer',
              image: 'moraine:1',
              imagePullPolicy: 'IfNotPresent',
              command: [
                ...['moraine', 'optimizer', '--url', 'thrift://ams:1261', '--group', 'etl'],
                ...['--threads', '2', '--memory', '1024'],
              ],
              env: [
                { name: 'MORAINE_RESOURCE_ID', value: 'r-1' },
                {
                  name: 'MORAINE_GROUP_SECRET',
                  valueFrom: { secretKeyRef: { name: 'amoro-optimizer-r-1', key: 'group-secret' } },
                },
              ],
              resources: {
                requests: { cpu: '2000m', memory: '2816Mi' },
                limits: { cpu: '2000m', memory: '2816Mi' },
              },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
            },
          ],
        },
      },
    },
  })
})

test('the secret is an object that goes with the Deployment, and nowhere else', () => {
  assert.ok(!JSON.stringify(optimizerDeployment(ORDER, settings(), OWNER)).includes('s3cret'))
  assert.deepEqual(optimizerSecret(ORDER, OWNER, 'uid-1'), {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    immutable: true,
    metadata: {
      name: 'amoro-optimizer-r-1',
      labels: LABELS,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'amoro-optimizer-r-1', uid: 'uid-1' }],
    },
    stringData: { 'group-secret': 's3cret' },
  })
  const without = { ...ORDER, groupSecret: undefined }
  assert.equal(optimizerSecret(without, OWNER, 'uid-1'), undefined)
  assert.deepEqual(optimizerOf(podOf(without))['env'], [{ name: 'MORAINE_RESOURCE_ID', value: 'r-1' }])
})

test('what it trusts is a file of that secret', () => {
  const order = { ...ORDER, url: 'thrifts://ams:1261', trusted: 'PEM' }
  const dataOf = (each: LaunchOrder) => optimizerSecret(each, OWNER, 'uid-1')?.['stringData']
  assert.deepEqual(dataOf(order), { 'group-secret': 's3cret', 'ca.pem': 'PEM' })
  assert.deepEqual(dataOf({ ...order, groupSecret: undefined }), { 'ca.pem': 'PEM' })
  const pod = podOf(order)
  const secret = { secretName: 'amoro-optimizer-r-1', items: [{ key: 'ca.pem', path: 'ca.pem' }] }
  assert.deepEqual(pod['volumes'], [
    { name: 'tmp', emptyDir: {} },
    { name: 'moraine-trusted', secret },
  ])
  const { command, volumeMounts } = optimizerOf(pod)
  assert.deepEqual((command as readonly string[]).slice(2, 6), [
    ...['--url', 'thrifts://ams:1261'],
    ...['--ca-file', '/etc/moraine-trusted/ca.pem'],
  ])
  assert.deepEqual(volumeMounts, [
    { name: 'tmp', mountPath: '/tmp' },
    { name: 'moraine-trusted', mountPath: '/etc/moraine-trusted', readOnly: true },
  ])
})

test('cores are threads by their factor; the grace period outlasts the drain timeout of the group', () => {
  const pod = podOf(
    { threads: 3, groupProperties: { 'dynamic-allocation.drain-timeout': '90s' } },
    { 'cpu.factor': '0.25' },
  )
  assert.deepEqual(valueAt(optimizerOf(pod), 'resources', 'limits'), { cpu: '750m', memory: '4096Mi' })
  assert.equal(pod['terminationGracePeriodSeconds'], 120)
})

test('a template is merged into the pod and its optimizer', () => {
  const podTemplate = `
metadata: {labels: {team: lake}, annotations: {a: b}}
spec:
  serviceAccountName: optimizer
  terminationGracePeriodSeconds: 60
  securityContext: {runAsUser: 1000, seccompProfile: {type: Unconfined}}
  imagePullSecrets: [{name: more}]
  volumes: [{name: scratch, hostPath: {path: /nvme}}]
  containers:
    - {name: logs, image: "logs:1"}
    - name: optimizer
      env: [{name: AWS_REGION, value: eu-west-1}]
      volumeMounts: [{name: scratch, mountPath: /scratch}]
      resources: {limits: {memory: 8Gi}}
      securityContext: {readOnlyRootFilesystem: false}
`
  const deployment = optimizerDeployment(ORDER, settings({ podTemplate, imagePullSecrets: 'pull' }), OWNER)
  assert.deepEqual(valueAt(deployment, 'spec', 'template', 'metadata'), {
    labels: { team: 'lake', ...LABELS },
    annotations: { a: 'b' },
  })
  const pod = podOf({}, { podTemplate, imagePullSecrets: 'pull' })
  const { containers, ...rest } = pod
  assert.deepEqual(rest, {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    serviceAccountName: 'optimizer',
    terminationGracePeriodSeconds: 60,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'Unconfined' } },
    imagePullSecrets: [{ name: 'pull' }, { name: 'more' }],
    volumes: [
      { name: 'tmp', emptyDir: {} },
      { name: 'scratch', hostPath: { path: '/nvme' } },
    ],
  })
  assert.deepEqual((containers as readonly ApiObject[])[1], { name: 'logs', image: 'logs:1' })
  const optimizer = optimizerOf(pod)
  assert.equal(optimizer['image'], 'moraine:1')
  assert.deepEqual(
    objectsAt(optimizer, 'env').map(({ name }) => name),
    ['AWS_REGION', 'MORAINE_RESOURCE_ID', 'MORAINE_GROUP_SECRET'],
  )
  assert.deepEqual(optimizer['volumeMounts'], [
    { name: 'tmp', mountPath: '/tmp' },
    { name: 'scratch', mountPath: '/scratch' },
  ])
  assert.deepEqual(optimizer['resources'], {
    requests: { cpu: '2000m', memory: '2816Mi' },
    limits: { memory: '8Gi' },
  })
  assert.deepEqual(optimizer['securityContext'], {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: false,
    capabilities: { drop: ['ALL'] },
  })
})

test('a template that has its own place for temporary files gets no other', () => {
  const podTemplate = `
spec:
  volumes: [{name: disk, emptyDir: {sizeLimit: 50Gi}}]
  containers: [{name: optimizer, volumeMounts: [{name: disk, mountPath: /tmp}]}]
`
  const pod = podOf({}, { podTemplate })
  assert.deepEqual(pod['volumes'], [{ name: 'disk', emptyDir: { sizeLimit: '50Gi' } }])
  assert.deepEqual(optimizerOf(pod)['volumeMounts'], [{ name: 'disk', mountPath: '/tmp' }])
})

test('an argument arrives as it is: Kubernetes reads no variables into it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('$', '(', ')', 'A', ' ', '"') }), (group) => {
      const command = optimizerOf(podOf({ group }))['command'] as readonly string[]
      assert.equal(expanded(command[command.indexOf('--group') + 1] ?? ''), group)
    }),
  )
})

test('every group has a label that Kubernetes takes', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), (group) => {
      const deployment = optimizerDeployment({ ...ORDER, group }, settings(), OWNER)
      const label = valueAt(deployment, 'metadata', 'labels', 'AmoroOptimizerGroup')
      assert.match(String(label), /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/)
      assert.ok(String(label).length <= 63)
    }),
  )
})

test('an id that is too long for a label is refused', () => {
  const deployment = (resourceId: string) =>
    optimizerDeployment({ ...ORDER, resourceId: resourceId as ResourceId }, settings(), OWNER)
  const message = /an id has at most 47 characters/
  assert.throws(() => deployment('x'.repeat(48)), { kind: 'invalid-input', message })
  assert.equal(String(valueAt(deployment('x'.repeat(47)), 'metadata', 'labels', 'app')).length, 63)
})

test('a container looks for its own alone', () => {
  assert.equal(
    optimizerSelector(OWNER),
    'app.kubernetes.io/managed-by=moraine,app.kubernetes.io/instance=service-1,MoraineContainer=k8s',
  )
})

/** As Kubernetes does it to commands and arguments, with no variable set. */
function expanded(text: string): string {
  return text.replaceAll(/\$(\$|\([^)]*\))/g, (whole, what: string) => (what === '$' ? '$' : `expanded ${whole}`))
}
