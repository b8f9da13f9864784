import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { negotiateSasl } from './sasl.ts'
import { saslDigest } from './sasl-digest.ts'

// The examples of RFC 2831, 4.

const SERVER = 'elwood.innosoft.com'

function client(service: string, cnonce: string) {
  const nonce = () => cnonce
  return saslDigest({ mechanism: 'DIGEST-MD5', user: 'chris', password: 'secret', service, whom: 'chris', nonce })
}

function challenge(nonce: string, qop = 'auth'): Buffer {
  return Buffer.from(`realm="${SERVER}",nonce="${nonce}",qop="${qop}",algorithm=md5-sess,charset=utf-8`)
}

for (const [protocol, nonce, cnonce, response, proof] of [
  ['imap', 'OA6MG9tEQGm2hh', 'OA6MHXh6VqTrRk', 'd388dad90d4bbd760a152321f2143af7', 'ea40f60335c427b5527b84dbabcdfffd'],
  ['acap', 'OA9BSXrbuRhWay', 'OA9BSuZWMSpW8m', '6084c6db3fede7352c551284490fd0fc', '2f0b3d7c3c2e486600ef710726aa2eae'],
] as const) {
  test(`${protocol}: the response and the server's proof are those of the RFC`, () => {
    const service = `${protocol}/${SERVER}`
    const { name, initial, answer, confirm } = client(service, cnonce)
    assert.deepEqual([name, initial.length], ['DIGEST-MD5', 0])
    assert.equal(
      String(answer(challenge(nonce))),
      `charset=utf-8,username="chris",realm="${SERVER}",nonce="${nonce}",nc=00000001,cnonce="${cnonce}",` +
        `digest-uri="${service}",response=${response},qop=auth`,
    )
    confirm(Buffer.from(`rspauth=${proof}`))
    assert.equal(answer(Buffer.from(`rspauth=${proof}`))?.length, 0)
    for (const other of ['rspauth=00', 'x=y']) {
      assert.throws(
        () => confirm(Buffer.from(other)),
        (error) => isKind(error, 'permission'),
      )
    }
  })
}

test('a server that consents without its proof is not believed', () => {
  const { answer, confirm } = client(`imap/${SERVER}`, 'OA6MHXh6VqTrRk')
  answer(challenge('OA6MG9tEQGm2hh'))
  const nothing = new Uint8Array()
  assert.throws(
    () => confirm(nothing),
    (error) => isKind(error, 'permission'),
  )
  answer(Buffer.from('rspauth=ea40f60335c427b5527b84dbabcdfffd'))
  confirm(nothing)
})

test('a server that wants more than is known here is told apart', () => {
  const { answer, confirm } = client('imap/x', 'AAAA')
  assert.throws(
    () => answer(challenge('n', 'auth-int, auth-conf')),
    (error) => isKind(error, 'unsupported') && /auth-int, auth-conf.*hadoop\.rpc\.protection/.test(error.message),
  )
  assert.throws(
    () => answer(Buffer.from('realm="x"')),
    (error) => isKind(error, 'corrupt'),
  )
  assert.throws(
    () => confirm(Buffer.alloc(0)),
    (error) => isKind(error, 'corrupt'),
  )
})

test('it is negotiated over a connection, which a server without the password does not get', async (context) => {
  for (const [proof, outcome] of [
    ['ea40f60335c427b5527b84dbabcdfffd', undefined],
    ['00000000000000000000000000000000', /did not show that it knows the password/],
  ] as const) {
    const heard: string[] = []
    const server = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .on('data', (chunk) => {
          heard.push(chunk.toString('latin1'))
          socket.write(
            heard.length === 1 ? said(2, challenge('OA6MG9tEQGm2hh')) : said(5, Buffer.from(`rspauth=${proof}`)),
          )
        })
    }).listen(0, '127.0.0.1')
    context.after(() => server.close())
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    context.after(() => socket.destroy())
    const signedIn = negotiateSasl(socket, client(`imap/${SERVER}`, 'OA6MHXh6VqTrRk'), 'there')
    if (outcome === undefined) await signedIn
    else await assert.rejects(signedIn, outcome)
    assert.equal(heard[0], '\x01\0\0\0\x0aDIGEST-MD5\x02\0\0\0\0')
    assert.match(heard[1] ?? '', /,response=d388dad90d4bbd760a152321f2143af7,qop=auth$/)
  }
})

function said(status: number, data: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(status)
  head.writeUInt32BE(data.length, 1)
  return Buffer.concat([head, data])
}

test('quotes within values are taken off and put on', () => {
  const asked = Buffer.from('realm="a\\"b\\\\c",nonce=bare , qop="auth-conf,auth"')
  const said = String(client('imap/x', 'AAAA').answer(asked))
  assert.match(said, /^username="chris",realm="a\\"b\\\\c",nonce="bare",/)
})
