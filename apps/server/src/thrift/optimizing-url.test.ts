import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { localOptimizingUrl, optimizingUrl } from './optimizing-url.ts'

test('where optimizers come in, from elsewhere and from the same machine', () => {
  const plain = { optimizerTls: undefined }
  const cases = [
    ['127.0.0.1', '', 'thrift://127.0.0.1:1', 'thrift://127.0.0.1:1'],
    ['0.0.0.0', '', `thrift://${hostname()}:1`, 'thrift://127.0.0.1:1'],
    ['::', 'node-1', 'thrift://node-1:1', 'thrift://[::1]:1'],
    ['::1', '', 'thrift://[::1]:1', 'thrift://[::1]:1'],
  ] as const
  for (const [host, exposedHost, elsewhere, local] of cases) {
    const place = { host, port: 1 }
    assert.equal(optimizingUrl(place, { ...plain, exposedHost }), elsewhere)
    assert.equal(localOptimizingUrl(place, { ...plain, exposedHost }), local)
  }
})

test('with TLS it is the name in the certificate everywhere', () => {
  const settings = { exposedHost: 'node-1.example', optimizerTls: {} }
  assert.equal(optimizingUrl({ host: '0.0.0.0', port: 1 }, settings), 'thrifts://node-1.example:1')
  assert.equal(localOptimizingUrl({ host: '0.0.0.0', port: 1 }, settings), 'thrifts://node-1.example:1')
})
