import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { systemClock } from '@moraine/stdx/clock'
import { thriftClient } from './client.ts'
import { isUnsent, ThriftConnection } from './connection.ts'
import { bindService, dispatchMessage } from './dispatch.ts'
import { method, service } from './service.ts'
import { string } from './thrift-type.ts'
import { messageStream } from './transport.ts'

const greeter = service('Greeter', { greet: method({}, string) })
const bound = bindService(greeter, { greet: () => 'hello' })

test('calls over TLS; a certificate that is not trusted is refused before anything is sent', async (context) => {
  const dir = mkdtempSync(`${tmpdir()}/moraine-tls-`)
  context.after(() => rmSync(dir, { recursive: true }))
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-keyout', `${dir}/key.pem`, '-out', `${dir}/cert.pem`]
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, ...files])
  if (made.status !== 0) return context.skip('openssl is not installed')
  const [key, cert] = [readFileSync(`${dir}/key.pem`, 'utf8'), readFileSync(`${dir}/cert.pem`, 'utf8')]

  let calls = 0
  const server = createServer({ key, cert }, (socket) => {
    const stream = messageStream('unframed', 1000)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      stream.push(chunk)
      const message = stream.next()
      if (message === undefined) return
      calls += 1
      const about = { signal: new AbortController().signal, peer: 'test' }
      void dispatchMessage(message, [bound], about, 1000).then(({ reply }) => socket.write(reply))
    })
  })
  await new Promise<void>((done) => server.listen(0, 'localhost', done))
  context.after(() => server.close())
  const greet = (tls: { readonly ca?: string }) => {
    const { port } = server.address() as AddressInfo
    const options = { host: 'localhost', port, clock: systemClock, transport: 'unframed', tls } as const
    const connection = new ThriftConnection(options)
    context.after(() => connection.close())
    return thriftClient(greeter, connection, { isMultiplexed: false }).greet({})
  }
  assert.equal(await greet({ ca: cert }), 'hello')
  await assert.rejects(greet({}), isUnsent)
  assert.equal(calls, 1)
  return undefined
})
