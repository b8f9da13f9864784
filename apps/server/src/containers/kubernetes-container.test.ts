import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import type { ResourceId } from '@moraine/lifecycle/identity'
import { systemClock } from '@moraine/stdx/clock'
import { openKubernetesContainer } from './kubernetes-container.ts'

// What it does in a cluster is held to a real one by interop/containers; here is what a cluster seldom does.

const folder = mkdtempSync(`${tmpdir()}/moraine-kube-container-`)
const asked: string[] = []
/** By method and kind of object. */
let answers: Readonly<Record<string, readonly [number, object]>> = {}
const server = createServer((request, response) => {
  const resource = /(deployments|secrets)/.exec(request.url ?? '')?.[1]
  asked.push(`${request.method} ${resource}`)
  const [status, body] = answers[`${request.method} ${resource}`] ?? [500, {}]
  request.resume().on('end', () => response.writeHead(status).end(JSON.stringify(body)))
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const kubeConfig = `${folder}/config`
const { port } = server.address() as AddressInfo
writeFileSync(
  kubeConfig,
  `{current-context: a, contexts: [{name: a, context: {cluster: c}}], clusters: [{name: c, cluster: {server: "http://127.0.0.1:${port}"}}]}`,
)
after(() => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true })
})

const open = (name: string, properties: Readonly<Record<string, string>>, serviceId = 'service-1') =>
  openKubernetesContainer(
    name,
    { image: 'moraine:1', ...properties },
    { serviceId, clock: systemClock, environment: {} },
  )

const ORDER = {
  resourceId: 'one' as ResourceId,
  group: 'etl',
  threads: 1,
  memoryMb: 512,
  groupProperties: {},
  url: 'thrift://ams:1261',
  trusted: undefined,
  groupSecret: 's3cret',
}

test('what is wrong is said when it is opened, with the name of the container', async () => {
  const refused: readonly (readonly [() => Promise<unknown>, string, RegExp])[] = [
    [() => open('k8s', { image: '' }), 'invalid-input', /^container k8s: image is ''/],
    [() => open('k8s', { imag: 'x' }), 'invalid-input', /^container k8s: imag is unknown; is image meant\?/],
    [
      () => open('k8s', {}),
      'invalid-input',
      /^container k8s: this process runs in no pod of Kubernetes .*kube-config-path/,
    ],
    [() => open('k8s', { 'kube-config-path': '/nowhere/config' }), 'not-found', /^container k8s: .*\/nowhere\/config/],
    [() => open('k 8 s', {}), 'invalid-input', /^container k 8 s: its name 'k 8 s' cannot be a label/],
    [() => open('k8s', {}, ''), 'invalid-input', /^container k8s: the id of the service '' cannot be a label/],
    [() => open('k8s', {}, `${'x'.repeat(63)}y`), 'invalid-input', /cannot be a label; it must be at most 63/],
  ]
  for (const [opened, kind, message] of refused) await assert.rejects(opened(), { kind, message })
})

test('a lost race for a quota is no sign that the object is there', async () => {
  const container = await open('k8s', { 'kube-config-path': kubeConfig })
  const raced = { kind: 'Status', reason: 'Conflict', message: 'Operation cannot be fulfilled on resourcequotas "q"' }
  const made = { metadata: { uid: 'uid-1' } }
  answers = { 'POST deployments': [409, raced] }
  await assert.rejects(container.launch(ORDER), { kind: 'conflict', message: /resourcequotas "q"/ })
  answers = { 'POST deployments': [201, made], 'POST secrets': [409, raced], 'DELETE deployments': [200, {}] }
  asked.length = 0
  await assert.rejects(container.launch(ORDER), { kind: 'conflict', message: /resourcequotas "q"\)$/ })
  assert.deepEqual(asked, ['POST deployments', 'POST secrets', 'DELETE deployments'])
})

test('what cannot be taken back is named beside the reason for taking it back', async () => {
  const container = await open('k8s', { 'kube-config-path': kubeConfig })
  answers = {
    'POST deployments': [201, { metadata: { uid: 'uid-1' } }],
    'POST secrets': [503, { message: 'etcd is away' }],
  }
  await assert.rejects(container.launch(ORDER), {
    kind: 'unavailable',
    message:
      /to create secrets .*etcd is away.*; the Deployment made for it is left: .*to delete deployments amoro-optimizer-one/,
  })
})
