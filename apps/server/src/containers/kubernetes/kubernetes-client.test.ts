import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { after, beforeEach, test } from 'node:test'
import { type Clock, systemClock } from '@moraine/stdx/clock'
import { kubernetesClient } from './kubernetes-client.ts'

const folder = mkdtempSync(`${tmpdir()}/moraine-kube-client-`)
const asked: IncomingMessage[] = []
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {}
const server = createServer((request, response) => {
  asked.push(request)
  answer(request, response)
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const { port } = server.address() as AddressInfo
const kubeConfigPath = `${folder}/config`
const writeConfig = (token: string, to = port) =>
  writeFileSync(
    kubeConfigPath,
    `current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:${to}/base/"}}]
users: [{name: u, user: {token: ${token}}}]`,
  )
after(() => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  asked.length = 0
  writeConfig('first')
})

const open = (clock: Pick<Clock, 'sleep'> = systemClock) =>
  kubernetesClient({ container: 'k8s', namespace: 'lake', place: { kubeConfigPath, environment: {} }, clock })
const say = (status: number, body: unknown) => {
  answer = (_request, response) => {
    response.statusCode = status
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}
const LIST = { verb: 'list', resource: 'pods' } as const

test('each call says who asks as it is written then', async () => {
  say(200, {})
  const client = open()
  await client.call({ verb: 'get', resource: 'deployments', name: 'a/../b' })
  writeConfig('second')
  await client.call({ ...LIST, query: { labelSelector: 'a=b,c=d' } })
  assert.deepEqual(
    asked.map(({ method, url, headers }) => [method, url, headers.authorization]),
    [
      ['GET', '/base/apis/apps/v1/namespaces/lake/deployments/a%2F..%2Fb', 'Bearer first'],
      ['GET', '/base/api/v1/namespaces/lake/pods?labelSelector=a%3Db%2Cc%3Dd', 'Bearer second'],
    ],
  )
})

test('a list is read page by page, and again from the start if the server forgot it meanwhile', async () => {
  let isForgotten = true
  answer = ({ url = '' }, response) => {
    const next = new URL(url, 'http://x').searchParams.get('continue')
    if (next === 'two' && isForgotten) {
      isForgotten = false
      response.statusCode = 410
      response.end('{}')
      return
    }
    const page = next === null ? { metadata: { continue: 'two' }, items: [{ n: 1 }] } : { items: [{ n: 2 }] }
    response.end(JSON.stringify(page))
  }
  assert.deepEqual(await open().listAll('pods', 'a=b'), [{ n: 1 }, { n: 2 }])
  assert.equal(asked.length, 4)
})

test('a server that forgets each list is not asked for ever', async () => {
  answer = ({ url = '' }, response) => {
    response.statusCode = url.includes('continue') ? 410 : 200
    response.end('{"metadata": {"continue": "two"}}')
  }
  await assert.rejects(open().listAll('pods', 'a=b'), { kind: 'unavailable', message: /container k8s: .* 3 times/ })
})

test('what a refusal means is told with the remedy', async () => {
  const status = (message: string, more: object = {}) => ({ kind: 'Status', message, ...more })
  const cases: readonly (readonly [number, unknown, string, RegExp])[] = [
    [
      401,
      status('Unauthorized'),
      'unauthenticated',
      /container k8s: to list pods in namespace lake was refused.*renew/,
    ],
    [403, status('User "u" cannot list resource "pods"'), 'permission', /allow the verb list on pods by a Role/],
    [
      403,
      status('pods "x" is forbidden: exceeded quota: q'),
      'exhausted',
      /a quota of namespace lake is used up.*quota: q/,
    ],
    [
      403,
      status('no', { details: { causes: [{ reason: 'NamespaceTerminating' }] } }),
      'unavailable',
      /is being deleted/,
    ],
    [403, status('denied the request'), 'permission', /a policy of the cluster forbids it/],
    [404, status('namespaces "lake" not found'), 'not-found', /create the namespace/],
    [422, status('invalid'), 'invalid-input', /the cluster does not take it; .*invalid/],
    [429, 'slow down', 'unavailable', /status 429/],
    [503, '<html>', 'unavailable', /asked again later/],
    [302, '', 'unavailable', /name the API server itself/],
  ]
  for (const [code, body, kind, message] of cases) {
    say(code, body)
    const client = open()
    const answered = await client.call(LIST)
    assert.equal(answered.kind, 'failed')
    if (answered.kind !== 'failed') continue
    const error = client.errorOf(LIST, answered)
    assert.equal(error.kind, kind, String(code))
    assert.match(error.message, message)
  }
})

test('an answer that is none of Kubernetes, and one that is cut off, are told', async () => {
  say(200, '<html>hello</html>')
  await assert.rejects(open().call(LIST), { kind: 'unavailable', message: /is no API server of Kubernetes/ })
  answer = (_request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('{')
    response.socket?.destroySoon()
  }
  await assert.rejects(open().call(LIST), {
    kind: 'unavailable',
    message: new RegExp(`http://127.0.0.1:${port} is not`),
  })
})

test('a server that is not there is named with its address', async () => {
  writeConfig('first', 1)
  await assert.rejects(open().call(LIST), {
    kind: 'unavailable',
    message: /container k8s: the Kubernetes API at http:\/\/127\.0\.0\.1:1 is not reached: .*ECONNREFUSED/,
  })
})

test('a kubeconfig that is gone for a while is something that may pass', async () => {
  rmSync(kubeConfigPath)
  await assert.rejects(open().call(LIST), { kind: 'unavailable', message: /container k8s: reading the kubeconfig/ })
})

test('a server that answers nobody is given up in time, and when the caller or the container has had enough', async () => {
  const heard = () => new Promise<void>((resolve) => (answer = () => resolve()))
  let first = heard()
  // The time is up once the server has the request.
  const clock = { sleep: () => first }
  await assert.rejects(open(clock).call(LIST), {
    kind: 'timeout',
    message: /container k8s: to list pods did not end within 30000 ms/,
  })

  first = heard()
  const enough = new AbortController()
  const stopped = open().call(LIST, enough.signal)
  await first
  enough.abort(new Error('enough'))
  await assert.rejects(stopped, { kind: 'aborted' })

  first = heard()
  const client = open()
  const closed = client.call(LIST)
  await first
  client.close()
  await assert.rejects(closed, { kind: 'aborted', message: 'container k8s is closed' })
})
