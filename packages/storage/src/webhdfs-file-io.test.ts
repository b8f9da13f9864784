import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { type ErrorKind, isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { fileIoConformance, SMALL_SCALE } from '@moraine/testkit/conformance/file-io'
import type { FileIO } from './file-io.ts'
import { isTemporaryName } from './local-temporary.ts'
import {
  remoteException,
  type WebHdfsRequest,
  type WebHdfsServer,
  type WebHdfsServerOptions,
  webHdfsServer,
} from './testing/webhdfs-server.ts'
import { webHdfsFileIO } from './webhdfs-file-io.ts'
import { withRetry } from './with-retry.ts'
import { withTimeout } from './with-timeout.ts'

const components = { clock: systemClock, random: seededRandom(7) }

fileIoConformance('WebHDFS in this process', () => openServer(), {
  ...SMALL_SCALE,
  refusedNames: ['plus+and;semi,colon:'],
})

const CLUSTER = { 'hdfs.user': 'lab me', 'dfs.ha.namenodes.ns': 'nn1, nn2' }

async function openServer(options: WebHdfsServerOptions = {}) {
  const server = await webHdfsServer(options)
  const [first = '', second = first] = server.addresses
  const addresses = { 'dfs.namenode.http-address.ns.nn1': first, 'dfs.namenode.http-address.ns.nn2': second }
  const settings = { ...CLUSTER, ...addresses }
  return {
    io: webHdfsFileIO(settings, components),
    root: 'hdfs://ns/wh',
    dispose: () => server.close(),
    server,
    settings,
  }
}

async function open(
  context: TestContext,
  options?: WebHdfsServerOptions,
): Promise<{ io: FileIO; server: WebHdfsServer }> {
  const opened = await openServer(options)
  context.after(() => opened.dispose())
  return opened
}

const bytesOf = (text: string) => new TextEncoder().encode(text)
const refused = (promise: Promise<unknown>, kind: ErrorKind, message: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(isKind(error, kind), String(error))
    assert.match(error.message, message)
    return true
  })
const temporaries = ({ files }: WebHdfsServer) =>
  [...files.keys()].filter((path) => isTemporaryName(path.slice(path.lastIndexOf('/') + 1)))

test('a file gets its name whole, and readers see none before', async (context) => {
  const { io, server } = await open(context)
  const seen: string[] = []
  server.tap = ({ operation, stage, query, path }) => {
    seen.push(`${stage} ${operation} ${query.get('overwrite') ?? ''}${query.get('renameoptions') ?? ''}`.trim())
    assert.equal(query.get('user.name'), 'lab me')
    assert.equal(operation === 'CREATE', path !== '/wh/a' && operation !== 'RENAME')
    return false
  }
  await io.write('hdfs://ns/wh/a', bytesOf('1'), { createOnly: true })
  await io.write('hdfs://ns/wh/a', bytesOf('2'))
  const created = ['name CREATE false', 'data CREATE false']
  assert.deepEqual(seen, [...created, 'name RENAME NONE', ...created, 'name RENAME OVERWRITE'])
})

test('the other name node is asked when one is not active or not there', async (context) => {
  const { io, server } = await open(context, { nameNodes: 2 })
  await io.write('hdfs://ns/wh/a', bytesOf('1'))
  const asked: number[] = []
  server.tap = ({ nameNode, stage }, response) => {
    if (stage === 'name') asked.push(nameNode)
    return stage === 'name' && nameNode === 0 && remoteException(response, 403, 'StandbyException')
  }
  assert.equal((await io.stat('hdfs://ns/wh/a'))?.sizeBytes, 1)
  assert.equal((await io.read('hdfs://ns/wh/a')).length, 1)
  assert.deepEqual(asked, [0, 1, 1])
  server.tap = (_, response) => remoteException(response, 403, 'StandbyException')
  await refused(io.stat('hdfs://ns/wh/a'), 'unavailable', /no name node is active/)

  // Port 9 of this machine, discard, takes no connections.
  const settings = {
    ...CLUSTER,
    'dfs.namenode.http-address.ns.nn1': '127.0.0.1:9',
    'dfs.namenode.http-address.ns.nn2': server.addresses[1] ?? '',
  }
  server.tap = () => false
  assert.equal((await webHdfsFileIO(settings, components).stat('hdfs://ns/wh/a'))?.sizeBytes, 1)
})

test('a rename whose answer is lost is settled, whether it was made or not', async (context) => {
  for (const options of [{ createOnly: true }, { createOnly: false }]) {
    const { io, server } = await open(context)
    server.tap = loseRename('answer')
    assert.equal(await io.write('hdfs://ns/wh/made', bytesOf('ours'), options), 'written')
    server.tap = loseRename('request')
    await refused(io.write('hdfs://ns/wh/lost', bytesOf('ours'), options), 'unavailable', /connection was lost/)
    assert.deepEqual([...server.files.keys()], ['/wh/made'])
  }
})

test('a rename that cannot be settled may have happened, and is tried again until it is known', async (context) => {
  const { io, server } = await open(context)
  let lost = 0
  server.tap = async ({ operation, stage, path, query }, response) => {
    if (stage === 'data' || lost >= 2 || (operation !== 'RENAME' && operation !== 'DELETE')) return false
    lost += 1
    if (operation === 'RENAME') {
      const bytes = server.files.get(path)
      assert.ok(bytes)
      server.files.set(query.get('destination') ?? '', bytes)
      server.files.delete(path)
    }
    response.destroy()
    return true
  }
  const again = withRetry(io, { ...components, firstPauseMs: 1 })
  assert.equal(await again.write('hdfs://ns/wh/a', bytesOf('ours'), { createOnly: true }), 'written')
  assert.equal(lost, 2)
  assert.deepEqual([...server.files.keys()], ['/wh/a'])
})

test('what a rename through a gateway that asks twice leaves open is said to be open', async (context) => {
  const { io, server } = await open(context)
  server.tap = ({ operation, path }) => {
    if (operation === 'RENAME') server.files.delete(path)
    return false
  }
  await refused(io.write('hdfs://ns/wh/a', bytesOf('x')), 'unavailable', /without a known outcome/)
})

test('an answer that is cut short is never taken for the whole', async (context) => {
  const { io, server } = await open(context)
  await io.write('hdfs://ns/wh/a', bytesOf('0123456789'))
  const cut = (headers: Record<string, string | number>, body: string) => {
    server.tap = ({ stage, operation }, response) => {
      if (stage !== 'data' || operation !== 'OPEN') return false
      response.useChunkedEncodingByDefault = 'transfer-encoding' in headers
      response.writeHead(200, { ...headers, connection: 'close' })
      response.write(body, () => response.socket?.destroySoon())
      return true
    }
  }
  const reads = [() => io.read('hdfs://ns/wh/a'), () => io.readRange('hdfs://ns/wh/a', 2, 8)]
  for (const read of reads) {
    cut({ 'content-length': 10 }, '01234')
    await refused(read(), 'unavailable', /connection was lost|more than|ended early/)
    cut({ 'transfer-encoding': 'chunked' }, '01234')
    await refused(read(), 'unavailable', /connection was lost/)
    cut({}, '01234')
    await refused(read(), 'unavailable', /ended early/)
  }
  cut({ 'content-length': 4 }, '0123')
  await refused(io.readRange('hdfs://ns/wh/a', 2, 8), 'unavailable', /ended early/)
  cut({ 'content-length': 2 ** 40 }, '0123')
  await refused(io.readRange('hdfs://ns/wh/a', 2, 8), 'corrupt', /more than/)
  await refused(io.read('hdfs://ns/wh/a'), 'exhausted', /no memory for/)
})

test('a server that hangs is given up when time is up, and the other one is asked next', async (context) => {
  const { io, server } = await open(context, { nameNodes: 2 })
  server.tap = ({ nameNode }) => nameNode === 0 && new Promise<boolean>(() => {})
  const limited = withTimeout(io, { clock: systemClock, baseMs: 20 })
  await refused(limited.stat('hdfs://ns/wh/a'), 'timeout', /stat of hdfs:\/\/ns\/wh\/a did not end within 20 ms/)
  assert.equal(await withRetry(limited, components).stat('hdfs://ns/wh/a'), undefined)
})

test('failures mean what Hadoop says, and no stack is shown', async (context) => {
  const { io, server } = await open(context)
  const cases: readonly (readonly [status: number, exception: string, kind: ErrorKind, message: RegExp])[] = [
    [403, 'AccessControlException', 'permission', /check hdfs\.user .*AccessControlException: because\)$/],
    [403, 'SafeModeException', 'unavailable', /safe mode/],
    [403, 'RetriableException', 'unavailable', /cannot do it now/],
    [403, 'DSQuotaExceededException', 'exhausted', /quota/],
    [400, 'IllegalArgumentException', 'invalid-input', /does not take/],
    [403, 'InvalidToken', 'permission', /delegation token/],
    [403, 'IOException', 'unavailable', /IOException: because/],
    [404, 'FileNotFoundException', 'not-found', /no such file/],
  ]
  for (const [status, exception, kind, message] of cases) {
    server.tap = (_, response) => remoteException(response, status, exception)
    await refused(io.read('hdfs://ns/wh/a'), kind, message)
  }
})

test('who is not WebHDFS is not believed', async (context) => {
  const { io, server } = await open(context)
  const says = (status: number, body = '', headers = {}) => {
    server.tap = (_, response) => {
      response.writeHead(status, headers).end(body)
      return true
    }
  }
  says(404, '<html>Not Found')
  await refused(io.read('hdfs://ns/wh/a'), 'invalid-input', /no WebHDFS answers there; .*\(HTTP 404\)/)
  says(200, '<html>Log in')
  await refused(io.stat('hdfs://ns/wh/a'), 'invalid-input', /not WebHDFS/)
  await refused(io.write('hdfs://ns/wh/a', bytesOf('x')), 'unavailable', /no data node/)
  says(503)
  await refused(io.stat('hdfs://ns/wh/a'), 'unavailable', /HTTP 503/)
  says(307, '', { location: 'gopher://x' })
  await refused(io.read('hdfs://ns/wh/a'), 'unavailable', /no HTTP address/)
  says(307, '', { location: 'http://127.0.0.1:9/' })
  await refused(io.read('hdfs://ns/wh/a'), 'unavailable', /data node 127\.0\.0\.1:9, which cannot be reached/)
  says(200, '{"FileStatus":{"type":"FILE","length":9007199254740993,"modificationTime":1,"pathSuffix":""}}')
  await refused(io.stat('hdfs://ns/wh/a'), 'corrupt', /FileStatus\.length/)
  says(200, '{"FileStatus":')
  await refused(io.stat('hdfs://ns/wh/a'), 'corrupt', /not valid JSON/)
})

test('a cluster with Kerberos is named with the remedy; a token goes instead of a name, and is not shown', async (context) => {
  const { io, server } = await open(context)
  server.tap = (_, response) => {
    response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end('<html>')
    return true
  }
  await refused(io.stat('hdfs://ns/wh/a'), 'unsupported', /Kerberos.*hdfs\.delegation-token/)
  await refused(io.write('hdfs://ns/wh/a', bytesOf('x')), 'unsupported', /Kerberos.*hdfs\.delegation-token/)

  const [address = ''] = server.addresses
  const withToken = webHdfsFileIO(
    { 'hdfs.delegation-token': 'S3cret/+', 'dfs.namenode.http-address': address },
    components,
  )
  server.tap = ({ query }, response) => {
    assert.equal(query.get('delegation'), 'S3cret/+')
    assert.equal(query.get('user.name'), null)
    response.destroy()
    return true
  }
  await assert.rejects(withToken.stat('hdfs://nn:8020/a'), (error) => {
    assert.ok(isKind(error, 'unavailable'))
    const { host: _, ...shown } = {
      host: '',
      message: error.message,
      cause: String(error.cause),
      context: error.context,
    }
    assert.doesNotMatch(JSON.stringify(shown), /S3cret/)
    return true
  })
})

test('a refused upload says why, however much is to be sent', async (context) => {
  const { io, server } = await open(context)
  server.tap = ({ stage }, response) => {
    if (stage !== 'data') return false
    response.setHeader('connection', 'close')
    return remoteException(response, 403, 'AccessControlException')
  }
  await refused(io.write('hdfs://ns/wh/a', new Uint8Array(20_000_000)), 'permission', /writing/)
  await refused(io.openWriter('hdfs://ns/wh/a'), 'permission', /writing/)
})

test('a refusal that is lost with the connection is asked for again', async (context) => {
  const { io, server } = await open(context)
  server.tap = ({ stage, query }, response) => {
    if (stage !== 'data') return false
    if (query.get('overwrite') === 'true') return remoteException(response, 403, 'AccessControlException')
    response.writeContinue()
    response.socket?.destroy()
    return true
  }
  await refused(io.write('hdfs://ns/wh/a', new Uint8Array(20_000_000)), 'permission', /writing/)
})

test('a page that cannot be had is asked for again, and nothing is listed twice', async (context) => {
  const { io, server } = await open(context, { pageSize: 2 })
  for (const name of ['a', 'b', 'c', 'd', 'e/f']) await io.write(`hdfs://ns/wh/${name}`, bytesOf(name))
  let asked = 0
  server.tap = (_, response) => {
    asked += 1
    return asked % 2 === 0 && remoteException(response, 503, 'RetriableException')
  }
  const listed = (await Array.fromAsync(io.list('hdfs://ns/wh/'))).map(({ location }) =>
    location.slice('hdfs://ns/wh/'.length),
  )
  assert.deepEqual(listed.toSorted(), ['a', 'b', 'c', 'd', 'e/f'])
})

test('all pages of a directory are listed, by HttpFS too, and a server that repeats a page is not followed', async (context) => {
  for (const isHttpFs of [false, true]) {
    const { io, server } = await open(context, { pageSize: 2, isHttpFs })
    const names = ['a', 'b', 'c', 'd', 'e', 'ä', '\u{ff5e}', '\u{1f3d4}'].map((name) => `hdfs://ns/wh/${name}`)
    for (const name of names) await io.write(name, bytesOf('x'))
    const list = async () => (await Array.fromAsync(io.list('hdfs://ns/wh/'))).map(({ location }) => location)
    assert.deepEqual((await list()).toSorted(), names.toSorted())
    server.tap = ({ query }) => {
      for (const name of ['startAfter', 'startafter']) query.delete(name)
      return false
    }
    await refused(list(), 'unsupported', /no further page/)
  }
})

test('a write that is given up leaves nothing behind', async (context) => {
  const { io, server } = await open(context)
  for (const operation of ['CREATE', 'RENAME']) {
    const controller = new AbortController()
    server.tap = (request) => {
      if (request.operation !== operation || request.stage === (operation === 'CREATE' ? 'name' : 'data')) return false
      controller.abort(new Error('enough'))
      return new Promise<boolean>(() => {})
    }
    const tidied = new Promise<void>((resolve) => {
      const { tap } = server
      server.tap = (request, response) => {
        if (request.operation === 'DELETE') response.on('finish', () => resolve())
        return tap(request, response)
      }
    })
    await refused(io.write('hdfs://ns/wh/a', bytesOf('x'), {}, controller.signal), 'aborted', /writing/)
    await tidied
    assert.deepEqual(temporaries(server), [])
  }
})

test('HttpFS, which has only the plain rename, replaces by removing first, and never where it must not', async (context) => {
  const { io, server } = await open(context, { isHttpFs: true })
  assert.equal(await io.write('hdfs://ns/wh/a', bytesOf('1'), { createOnly: true }), 'written')
  assert.equal(await io.write('hdfs://ns/wh/a', bytesOf('2'), { createOnly: true }), 'exists')
  assert.deepEqual(await io.read('hdfs://ns/wh/a'), bytesOf('1'))
  assert.equal(await io.write('hdfs://ns/wh/a', bytesOf('3')), 'written')
  assert.deepEqual(await io.readRange('hdfs://ns/wh/a', 0, 1), bytesOf('3'))
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, writer) => io.write('hdfs://ns/wh/b', bytesOf(`${writer}`), { createOnly: true })),
  )
  assert.equal(outcomes.filter((outcome) => outcome === 'written').length, 1)
  assert.deepEqual([...server.files.keys()].sort(), ['/wh/a', '/wh/b'])
})

test('HttpFS does not put a file into a directory of its name', async (context) => {
  const { io, server } = await open(context, { isHttpFs: true })
  await io.write('hdfs://ns/wh/a/b', bytesOf('x'))
  for (const createOnly of [true, false]) {
    await refused(io.write('hdfs://ns/wh/a', bytesOf('y'), { createOnly }), 'invalid-input', /directory/)
  }
  assert.deepEqual([...server.files.keys()], ['/wh/a/b'])
})

/** The first rename is lost on the way there, or on the way back. */
function loseRename(what: 'request' | 'answer') {
  let done = false
  return (request: WebHdfsRequest, response: ServerResponse): boolean => {
    if (done || request.operation !== 'RENAME') return false
    done = true
    if (what === 'request') response.destroy()
    else response.writeHead = () => response.destroy() as ServerResponse<never>
    return what === 'request'
  }
}
