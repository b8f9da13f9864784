import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAuthenticator } from '../access/authenticator.ts'
import { buildHttpServer } from './http-server.ts'
import { buildOptions } from './testing/build-options.ts'

async function status(headers: Readonly<Record<string, string>>, openTo: 'this-machine' | 'everybody') {
  const server = await buildHttpServer(buildOptions({ authenticator: openAuthenticator(openTo) }))
  const paths = ['/api/ams/v1/versionInfo', '/iceberg/v1/config?warehouse=x']
  const answers = await Promise.all(paths.map((url) => server.inject({ url, headers })))
  return answers.map(({ statusCode }) => statusCode)
}

test('where only this machine is to come in, requests to other names and through proxies are refused', async () => {
  for (const host of ['localhost', 'localhost:1630', '127.0.0.1:1630', '[::1]:1630', 'LOCALHOST']) {
    assert.deepEqual(await status({ host }, 'this-machine'), [200, 404], host)
  }
  for (const host of ['evil.example:1630', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1']) {
    assert.deepEqual(await status({ host }, 'this-machine'), [403, 403], host)
  }
  assert.deepEqual(await status({ host: 'localhost', 'x-forwarded-for': '10.0.0.1' }, 'this-machine'), [403, 403])
  assert.deepEqual(await status({ host: 'lake.example' }, 'everybody'), [200, 404])
})
