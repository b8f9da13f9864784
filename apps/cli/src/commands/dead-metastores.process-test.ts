import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { eventually } from '@moraine/testkit/eventually'
import { serviceUrl, startCli } from '../testing/start-cli.ts'

// Catalogs of others that cannot be reached: at an address where nobody listens, and at one where somebody takes the
// connection and never says a word. Whoever asks for them hears so, at once or when the time for an answer is up; whoever
// asks for the catalog beside does not wait.

const home = mkdtempSync(join(tmpdir(), 'moraine-dead-'))
const held = new Map<string, Set<Socket>>()
const silent: Server[] = []
const service = startCli(['serve', '--port', '0', '--thrift-port', '0', '--data-dir', join(home, 'data')])
const url = await serviceUrl(service)
after(async () => {
  const stopped = service.stop()
  for (const sockets of held.values()) for (const socket of sockets) socket.destroy()
  for (const server of silent) server.close()
  assert.equal(await stopped, 0)
  rmSync(home, { recursive: true, force: true })
})

const KINDS = {
  hive: (where: string) => ({ type: 'hive', properties: { uri: `thrift://${where}`, warehouse: join(home, 'w') } }),
  glue: (where: string) => ({
    type: 'glue',
    properties: {
      warehouse: 's3://b/w',
      'glue.endpoint': `http://${where}`,
      'glue.region': 'eu-west-1',
      'glue.access-key-id': 'u',
      'glue.secret-access-key': 'p',
    },
  }),
  rest: (where: string) => ({ type: 'rest', properties: { uri: `http://${where}/api` } }),
  jdbc: (where: string) => ({
    type: 'jdbc',
    properties: {
      uri: `jdbc:postgresql://${where}/db`,
      'jdbc.user': 'u',
      'jdbc.password': 'p',
      warehouse: join(home, 'w'),
    },
  }),
} as const

/** A read is answered after half a minute at the latest; the rest is for a busy machine. */
const ANSWERED_WITHIN_MS = 60_000

// Nothing listens on port 1 of this machine; nobody but root may.
const closed = '127.0.0.1:1'

// Asked before anything else, and all at once: each takes as long as an answer may take.
const patient: (readonly [string, Promise<Answer>])[] = []
for (const [kind, definition] of Object.entries(KINDS)) {
  const port = await listenSilently(kind)
  await register(`${kind}-closed`, definition(closed))
  await register(`${kind}-silent`, definition(`127.0.0.1:${port}`))
  await register(`${kind}-patient`, definition(`127.0.0.1:${await listenSilently(`${kind}-patient`)}`))
  patient.push([kind, ask(`${kind}-patient`, 'namespaces')])
}

for (const kind of Object.keys(KINDS)) {
  test(`${kind}: nobody listens`, { timeout: 120_000 }, async () => {
    const { status, type, message } = await ask(`${kind}-closed`, 'namespaces')
    assert.deepEqual([status, type], [503, 'ServiceUnavailableException'], message)
    assert.match(message, kind === 'glue' ? /check glue\.endpoint/ : /127\.0\.0\.1/)
  })

  test(`${kind}: somebody says nothing`, { timeout: 120_000 }, async () => {
    let rounds = 0
    // The service asks this catalog too, and whoever comes waits with it: what it gave up meanwhile proves nothing.
    await eventually('a round in which everybody waits from beginning to end', async () => {
      rounds += 1
      return (await answeredWhileOthersAsk(kind, `while-${kind}-waits-${rounds}`)) === 0 ? true : undefined
    })
  })
}

/** How many of a hundred that wait for the silent catalog were answered while others were served as usual. */
async function answeredWhileOthersAsk(kind: string, namespace: string): Promise<number> {
  const gone = new AbortController()
  let answered = 0
  const waiting = Array.from({ length: 100 }, () =>
    ask(`${kind}-silent`, 'namespaces', {}, gone.signal).then(
      () => (answered += 1),
      () => {},
    ),
  )
  await eventually('a connection to the metastore', () => ((held.get(kind)?.size ?? 0) > 0 ? true : undefined))
  const created = await ask('lake', 'namespaces', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ namespace: [namespace] }),
  })
  assert.equal(created.status, 200, created.message)
  assert.equal((await ask('lake', `namespaces/${namespace}`)).status, 200)
  assert.equal((await fetch(`${url}/api/ams/v1/catalogs`)).status, 200)
  const meanwhile = answered
  gone.abort()
  await Promise.all(waiting)
  return meanwhile
}

for (const [kind, answer] of patient) {
  test(`${kind}: whoever waits for somebody who says nothing is told`, { timeout: ANSWERED_WITHIN_MS }, async () => {
    const { status, type, message } = await answer
    assert.deepEqual([status, type], [503, 'ServiceUnavailableException'], message)
    assert.match(message, new RegExp(`/${kind}-patient/namespaces did not end within 30000 ms`))
  })
}

/** The port of a server that takes connections, holds them under this name, and never says a word. */
async function listenSilently(name: string): Promise<number> {
  const sockets = new Set<Socket>()
  held.set(name, sockets)
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  silent.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

type Answer = { readonly status: number; readonly type: string; readonly message: string }

async function ask(catalog: string, path: string, init: RequestInit = {}, signal?: AbortSignal): Promise<Answer> {
  const at = `${url}/api/iceberg/rest/v1/catalogs/${catalog}/${path}`
  const response = await fetch(at, { ...init, ...(signal !== undefined && { signal }) })
  const text = await response.text()
  const { error } = (text === '' ? {} : JSON.parse(text)) as { error?: { type: string; message: string } }
  return { status: response.status, type: error?.type ?? '', message: error?.message ?? '' }
}

async function register(
  name: string,
  { type, properties }: { readonly type: string; readonly properties: Readonly<Record<string, string>> },
): Promise<void> {
  const form = {
    name,
    type,
    tableFormatList: ['ICEBERG'],
    storageConfig: type === 'glue' ? { 'storage.type': 'S3' } : { 'storage.type': 'Hadoop' },
    authConfig: { 'auth.type': 'CUSTOM' },
    properties,
    tableProperties: {},
    optimizerGroup: 'default',
  }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(form)
  const response = await fetch(`${url}/api/ams/v1/catalogs`, { method: 'POST', headers, body })
  assert.equal(response.status, 200, await response.text())
}
