import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { readDashboard } from './dashboard.ts'
import { buildHttpServer } from './http-server.ts'
import { buildOptions } from './testing/build-options.ts'

const PAGE = '<script nonce="__CSP_NONCE__" src="/assets/a-1.js"></script>'
const SCRIPT = 'console.log(1)'
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

async function serve(t: { after(end: () => Promise<void>): void }) {
  const directory = await mkdtemp(join(tmpdir(), 'moraine-dashboard-'))
  t.after(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'index.html'), PAGE)
  await writeFile(join(directory, 'assets/a-1.js'), SCRIPT)
  await writeFile(join(directory, 'assets/a-1.js.gz'), gzipSync(SCRIPT))
  await writeFile(join(directory, 'notes.txt'), 'not a part of the page')
  return buildHttpServer(buildOptions({ dashboard: await readDashboard(directory) }))
}

test('whatever a browser opens is the page, whose policy lets in its own scripts alone', async (t) => {
  const server = await serve(t)
  const nonces = new Set<string>()
  for (const url of ['/', '/tables', '/tables/lake/sales/orders']) {
    const { statusCode, headers, body } = await server.inject({ url, headers: BROWSER })
    assert.equal(statusCode, 200)
    const [, nonce = ''] = /nonce="([^"]+)"/.exec(body) ?? []
    const policy = String(headers['content-security-policy'])
    assert.ok(
      policy.includes(`script-src 'self' 'nonce-${nonce}';`) && policy.includes("frame-ancestors 'none'"),
      policy,
    )
    assert.doesNotMatch(policy, /unsafe/)
    assert.equal(headers['cache-control'], 'no-store')
    nonces.add(nonce)
  }
  assert.equal(nonces.size, 3)
})

test('programs are answered as ever, and the API does not answer with pages', async (t) => {
  const server = await serve(t)
  assert.equal((await server.inject('/')).json().name, 'Moraine')
  for (const url of ['/nothing', '/../package.json', '/assets/../notes.txt', '/notes.txt', '/index.html']) {
    const { statusCode, headers } = await server.inject(url)
    assert.equal(statusCode, 404, url)
    assert.match(String(headers['content-type']), /json/)
  }
  const api = await server.inject({ url: '/api/ams/v1/nothing', headers: BROWSER })
  assert.equal(api.statusCode, 404)
  assert.match(String(api.headers['content-type']), /json/)
})

test('files come as small as they are taken, and those named by their content are kept', async (t) => {
  const server = await serve(t)
  const plain = await server.inject('/assets/a-1.js')
  assert.equal(plain.body, SCRIPT)
  assert.equal(plain.headers['content-encoding'], undefined)
  const packed = await server.inject({ url: '/assets/a-1.js', headers: { 'accept-encoding': 'br, gzip;q=0.9' } })
  assert.equal(packed.headers['content-encoding'], 'gzip')
  assert.equal(gunzipSync(packed.rawPayload).toString(), SCRIPT)
  for (const { headers } of [plain, packed]) {
    assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable')
    assert.equal(headers['vary'], 'accept-encoding')
    assert.equal(headers['content-type'], 'text/javascript; charset=utf-8')
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
})

test('without a build there are no pages', async () => {
  const server = await buildHttpServer(buildOptions())
  assert.equal((await server.inject({ url: '/', headers: BROWSER })).json().name, 'Moraine')
  assert.equal((await server.inject({ url: '/tables', headers: BROWSER })).statusCode, 404)
})
