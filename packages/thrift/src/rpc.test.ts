import assert from 'node:assert/strict'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { CallFailure } from './call-failure.ts'
import { thriftClient } from './client.ts'
import { ThriftConnection } from './connection.ts'
import { bindService, type Handlers } from './dispatch.ts'
import { encodeFrame } from './frame.ts'
import { type Protocol, writeMessage } from './message.ts'
import { startThriftServer, type ThriftServer, type ThriftServerOptions } from './server.ts'
import { exception, method, service } from './service.ts'
import { f, opt, struct } from './struct.ts'
import { manualClock } from './testing/manual-clock.ts'
import { binary, bool, i32, i64, list, map, string, type ValueOf } from './thrift-type.ts'
import type { Transport } from './transport.ts'

const amoroException = exception('AmoroException', {
  errorCode: opt(1, i32),
  errorName: opt(2, string),
  message: opt(3, string),
})
const otherException = exception('OtherException', { message: f(1, string) })
const taskId = struct('OptimizingTaskId', { processId: f(1, i64), taskId: f(2, i32) })
const task = struct('OptimizingTask', {
  taskId: f(1, taskId),
  taskInput: opt(2, binary),
  properties: opt(3, map(string, string)),
})
const optimizeManager = service('OptimizeManager', {
  ping: method({}, null),
  touch: method({ authToken: f(1, string) }, null, [amoroException]),
  pollTask: method({ authToken: f(1, string), threadId: f(2, i32) }, task, [otherException, amoroException]),
  cancel: method({ processId: f(1, i64) }, bool),
  echo: method({ bytes: f(1, binary) }, binary),
  wait: method({ name: f(1, string) }, string),
})
const tables = service('TableMetastore', { list: method({ prefix: f(1, string) }, list(string)) })

type OptimizeManager = typeof optimizeManager.methods

const sample: ValueOf<typeof task> = {
  taskId: { processId: 2n ** 62n + 1n, taskId: 7 },
  taskInput: Buffer.from('input'),
  properties: new Map([['attempt', '1']]),
}

const plainHandlers: Handlers<OptimizeManager> = {
  ping: () => undefined,
  async touch({ authToken }) {
    if (authToken === 'unknown') throw amoroException.make({ errorCode: 2006, message: 'authenticate again' })
    if (authToken === 'bug') throw new Error('a secret inside')
    if (authToken === 'undeclared') throw otherException.make({ message: 'not declared here' })
    if (authToken === 'ours') throw new MoraineError('exhausted', 'the quota of group g is used up')
  },
  pollTask: async ({ threadId }) => {
    if (threadId < 0) throw amoroException.make({ errorCode: 1000 })
    return threadId === 0 ? undefined : sample
  },
  cancel: ({ processId }) => processId === 5n,
  echo: ({ bytes }) => bytes,
  wait: ({ name }) => name,
}

type Bench = {
  readonly server: ThriftServer
  readonly failures: CallFailure[]
  readonly connection: ThriftConnection
  readonly client: ReturnType<typeof thriftClient<OptimizeManager>>
}

async function start(
  context: TestContext,
  handlers: Partial<Handlers<OptimizeManager>> = {},
  options: Partial<ThriftServerOptions> = {},
  protocol: Protocol = 'binary',
  transport: Transport = 'framed',
): Promise<Bench> {
  const failures: CallFailure[] = []
  const server = await startThriftServer({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    services: [
      bindService(optimizeManager, { ...plainHandlers, ...handlers }),
      bindService(tables, { list: ({ prefix }) => [`${prefix}a`, `${prefix}b`] }),
    ],
    onFailure: (failure) => failures.push(failure),
    transport,
    ...options,
  })
  const address = { host: '127.0.0.1', port: server.port, clock: systemClock }
  const connection = new ThriftConnection({ ...address, protocol, transport })
  context.after(async () => {
    await connection.close()
    await server.stop(0)
  })
  return { server, failures, connection, client: thriftClient(optimizeManager, connection) }
}

async function rawSocket(context: TestContext, port: number): Promise<{ socket: Socket; closed: Promise<Buffer> }> {
  const socket = connect({ port, host: '127.0.0.1' })
  context.after(() => socket.destroy())
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  const closed = new Promise<Buffer>((resolve) => socket.on('close', () => resolve(Buffer.concat(chunks))))
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, closed }
}

suite('calls', () => {
  for (const [protocol, transport] of [
    ['binary', 'framed'],
    ['binary-old', 'framed'],
    ['compact', 'framed'],
    ['binary', 'unframed'],
    ['binary-old', 'unframed'],
  ] satisfies [Protocol, Transport][]) {
    test(`arguments, results and declared exceptions, ${protocol} and ${transport}`, async (context) => {
      const { client, connection, failures } = await start(context, {}, {}, protocol, transport)
      assert.equal(await client.ping({}), undefined)
      assert.equal(await client.touch({ authToken: 'known' }), undefined)
      assert.deepEqual(await client.pollTask({ authToken: 'known', threadId: 1 }), sample)
      assert.equal(await client.cancel({ processId: 5n }), true)
      assert.equal(await client.cancel({ processId: 2n ** 63n - 1n }), false)
      assert.deepEqual(await thriftClient(tables, connection).list({ prefix: 'x' }), ['xa', 'xb'])
      await assert.rejects(client.touch({ authToken: 'unknown' }), (error) => {
        assert.deepEqual(amoroException.match(error), { errorCode: 2006, message: 'authenticate again' })
        assert.equal(otherException.match(error), undefined)
        return true
      })
      await assert.rejects(client.pollTask({ authToken: '', threadId: -1 }), (error) => {
        return amoroException.match(error)?.errorCode === 1000
      })
      assert.deepEqual(failures, [])
    })
  }

  test('a null result is a reply without a value, and undefined at the client', async (context) => {
    const { client, server } = await start(context)
    assert.equal(await client.pollTask({ authToken: 'known', threadId: 0 }), undefined)
    const { socket, closed } = await rawSocket(context, server.port)
    const header = {
      protocol: 'binary' as const,
      type: 'call' as const,
      name: 'OptimizeManager:pollTask',
      sequenceId: 9,
    }
    const args = { authToken: 'known', threadId: 0 }
    socket.write(
      encodeFrame(writeMessage(header, (writer) => optimizeManager.methods.pollTask.args.write(writer, args))),
    )
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
    const reply = await closed
    assert.equal(reply.subarray(-5).toString('hex'), '0000000900')
  })

  test('other failures reach the caller and the server, without foreign texts', async (context) => {
    const { client, connection, failures } = await start(context)
    const internal = (text: RegExp) => (error: unknown) => isKind(error, 'internal') && text.test(error.message)
    await assert.rejects(client.touch({ authToken: 'bug' }), internal(/touch failed at the server: internal error$/))
    await assert.rejects(client.touch({ authToken: 'ours' }), internal(/the quota of group g is used up/))
    await assert.rejects(client.touch({ authToken: 'undeclared' }), internal(/internal error/))
    const missing = service('OptimizeManager', { gone: method({}, null), constructor: method({}, null) })
    const unsupported = (error: unknown) => isKind(error, 'unsupported')
    await assert.rejects(thriftClient(missing, connection).gone({}), unsupported)
    await assert.rejects(thriftClient(missing, connection).constructor({}), unsupported)
    await assert.rejects(thriftClient(service('Nobody', { ping: method({}, null) }), connection).ping({}), unsupported)
    await client.ping({})
    assert.deepEqual(
      failures.map((failure) => failure.name),
      [
        ...new Array(3).fill('OptimizeManager:touch'),
        'OptimizeManager:gone',
        'OptimizeManager:constructor',
        'Nobody:ping',
      ],
    )
    assert.match(String(failures[0]?.error), /a secret inside/)
  })

  test('calls of one connection run side by side; each gets its own reply', async (context) => {
    const waiting = new Map<string, (name: string) => void>()
    const arrived = Promise.withResolvers<void>()
    const { client } = await start(context, {
      wait: ({ name }) =>
        new Promise((resolve) => {
          waiting.set(name, resolve)
          if (waiting.size === 3) arrived.resolve()
        }),
    })
    const calls = ['a', 'b', 'c'].map((name) => client.wait({ name }))
    await arrived.promise
    for (const name of ['c', 'a', 'b']) waiting.get(name)?.(`${name}!`)
    assert.deepEqual(await Promise.all(calls), ['a!', 'b!', 'c!'])
  })

  test('a client that sends more than it may have under way is read later, and loses nothing', async (context) => {
    let running = 0
    let most = 0
    const handlers = {
      echo: async ({ bytes }: { bytes: Uint8Array }) => {
        running += 1
        most = Math.max(most, running)
        await new Promise(setImmediate)
        running -= 1
        return bytes
      },
    }
    const { client } = await start(context, handlers, { maxCallsPerConnection: 3 })
    const inputs = Array.from({ length: 60 }, (_, at) => Buffer.alloc(at % 7 === 0 ? 100_000 : 10, at))
    const outputs = await Promise.all(inputs.map((bytes) => client.echo({ bytes })))
    assert.deepEqual(outputs, inputs)
    assert.equal(most, 3)
  })

  test('a result larger than a frame may be fails its call alone', async (context) => {
    const { client } = await start(context, { wait: () => 'x'.repeat(2000) }, { maxFrameBytes: 1000 })
    await assert.rejects(client.wait({ name: '' }), /the result takes \d+ bytes, more than the 1000 allowed/)
    await client.ping({})
  })
})

suite('hostile peers of the server', () => {
  const ping = encodeFrame(
    writeMessage({ protocol: 'binary', type: 'call', name: 'OptimizeManager:ping', sequenceId: 1 }, (writer) => {
      writer.structBegin()
      writer.structEnd()
    }),
  )
  const cases: [string, Uint8Array][] = [
    ['unframed Thrift', Buffer.from('800100010000000470696e670000000100', 'hex')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['a frame that claims 2 GiB', Buffer.from('7fffffff00', 'hex')],
    ['an empty frame', Buffer.alloc(4)],
    ['a frame of noise', encodeFrame(Buffer.alloc(200, 0xa5))],
    ['a name longer than its frame', encodeFrame(Buffer.from('800100010000ffff61', 'hex'))],
    ['a good call and then noise', Buffer.concat([ping, encodeFrame(Buffer.alloc(9, 0xff))])],
  ]
  for (const [what, bytes] of cases) {
    test(`${what} closes that connection only`, async (context) => {
      const { client, server, failures } = await start(context)
      await client.ping({})
      const { socket, closed } = await rawSocket(context, server.port)
      socket.write(bytes)
      await closed
      await client.ping({})
      assert.equal(failures.length, 1)
      assert.ok(isKind(failures[0]?.error, 'corrupt'))
      assert.equal(server.connections, 1)
    })
  }

  test('damaged arguments are answered, then the connection is closed', async (context) => {
    const { client, server } = await start(context)
    const { socket, closed } = await rawSocket(context, server.port)
    const header = { protocol: 'binary' as const, type: 'call' as const, name: 'OptimizeManager:touch', sequenceId: 3 }
    socket.write(encodeFrame(writeMessage(header, (writer) => struct('Nothing', {}).write(writer, {}))))
    const answer = await closed
    assert.match(answer.toString('latin1'), /authToken is missing/)
    await client.ping({})
  })

  test('a connection without a whole message for too long is closed; one with a call under way is not', async (context) => {
    const clock = manualClock()
    const hold = Promise.withResolvers<string>()
    const started = Promise.withResolvers<void>()
    const wait = () => {
      started.resolve()
      return hold.promise
    }
    const { server, client } = await start(context, { wait }, { clock, idleTimeoutMs: 1000 })
    const { socket, closed } = await rawSocket(context, server.port)
    // The beginning of a frame is no activity.
    socket.write(ping.subarray(0, 10))
    const working = client.wait({ name: '' })
    await started.promise
    let isClosed = false
    void closed.then(() => {
      isClosed = true
    })
    for (let round = 0; round < 8 && !isClosed; round += 1) {
      await clock.whenSleeping(250)
      clock.advance(250)
      await new Promise(setImmediate)
    }
    await closed
    hold.resolve('still there')
    assert.equal(await working, 'still there')
  })

  const unfinished = (bytes: number) => Buffer.concat([Buffer.from('00500000', 'hex'), Buffer.alloc(bytes)])

  test('unfinished messages of all clients have one budget: who exceeds it is cut off, and short ones pass', async (context) => {
    const { client, server, failures } = await start(context, {}, { maxUnfinishedBytes: 300_000 })
    const sockets = [await rawSocket(context, server.port), await rawSocket(context, server.port)]
    for (const { socket } of sockets) socket.write(unfinished(200_000))
    await Promise.race(sockets.map(({ closed }) => closed))
    assert.deepEqual(await client.echo({ bytes: Buffer.alloc(50_000, 7) }), Buffer.alloc(50_000, 7))
    assert.equal(server.connections, 2)
    assert.deepEqual(
      failures.map(({ name, error }) => [name, isKind(error, 'exhausted')]),
      [['connection', true]],
    )
    assert.match(String(failures[0]?.error), /of them for this client; at most 293 KiB are kept for all/)
    for (const { socket } of sockets) socket.destroy()
    while (server.connections > 1) await client.ping({})
    await rawSocket(context, server.port)
    assert.equal((await client.echo({ bytes: Buffer.alloc(280_000) }))?.length, 280_000)
  })

  for (const [what, piece, leastMs] of [
    ['comes to a halt', 0, 30_000],
    ['comes in drops', 1, 120_000],
  ] as const) {
    test(`a message that ${what} is not waited for, though others may be silent for long`, async (context) => {
      const clock = manualClock()
      const { client, server, failures } = await start(context, {}, { clock })
      const silent = await rawSocket(context, server.port)
      const { socket, closed } = await rawSocket(context, server.port)
      socket.write(unfinished(10))
      let isClosed = false
      void closed.then(() => {
        isClosed = true
      })
      while (!isClosed && clock.monotonicMs() < 200_000) {
        socket.write(Buffer.alloc(piece))
        await client.ping({})
        await clock.whenSleeping(5000)
        clock.advance(5000)
        await client.ping({})
      }
      assert.ok(isClosed && clock.monotonicMs() >= leastMs && clock.monotonicMs() <= leastMs + 10_000)
      assert.deepEqual(
        failures.map(({ error }) => isKind(error, 'timeout')),
        [true],
      )
      assert.equal(silent.socket.destroyed, false)
    })
  }

  test('a caller that goes away aborts its calls', async (context) => {
    const aborted = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const { server, client, connection } = await start(context, {
      wait: ({ name }, { signal }) => {
        signal.addEventListener('abort', () => aborted.resolve())
        started.resolve()
        return new Promise<string>(() => name)
      },
    })
    const call = client.wait({ name: 'x' })
    await started.promise
    await connection.close()
    await assert.rejects(call, (error) => isKind(error, 'aborted'))
    await aborted.promise
    assert.ok(server.port > 0)
  })
})

suite('the client', () => {
  async function fakeServer(context: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>()
    const server: Server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      onSocket(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    context.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  test('connects again after the server went away, and says what is unknown', async (context) => {
    const { server, client } = await start(context, { wait: () => new Promise<string>(() => undefined) })
    await client.ping({})
    const call = client.wait({ name: '' })
    const failed = assert.rejects(call, (error) => isKind(error, 'unavailable') && /unknown/.test(error.message))
    await server.stop(0)
    await failed
    await assert.rejects(
      client.ping({}),
      (error) => isKind(error, 'unavailable') && /cannot connect/.test(error.message),
    )
    const again = await startThriftServer({
      host: '127.0.0.1',
      port: server.port,
      clock: systemClock,
      services: [bindService(optimizeManager, plainHandlers)],
      onFailure: () => undefined,
    })
    context.after(() => again.stop(0))
    await client.ping({})
  })

  test('gives up after its timeout, and on a connection from which nothing came back', async (context) => {
    const clock = manualClock()
    let connections = 0
    const received = Promise.withResolvers<void>()
    const port = await fakeServer(context, (socket) => {
      connections += 1
      socket.on('data', () => received.resolve())
    })
    const connection = new ThriftConnection({ host: '127.0.0.1', port, clock, callTimeoutMs: 500 })
    context.after(() => connection.close())
    const client = thriftClient(optimizeManager, connection)
    const calls = [client.ping({}), client.ping({}, { timeoutMs: 900 })].map((call) =>
      call.catch((error: unknown) => error),
    )
    await received.promise
    clock.advance(500)
    assert.ok(isKind(await calls[0], 'timeout'))
    assert.ok(isKind(await calls[1], 'unavailable'))
    const third = client.ping({})
    const outcome = assert.rejects(third, (error) => isKind(error, 'timeout'))
    await clock.whenSleeping(500)
    while (connections < 2) await new Promise(setImmediate)
    clock.advance(500)
    await outcome
  })

  test('an aborted call throws its reason; the connection stays for the others', async (context) => {
    const started = Promise.withResolvers<void>()
    const { client, server } = await start(context, {
      wait: ({ name }) => {
        started.resolve()
        return name === 'stuck' ? new Promise<string>(() => undefined) : name
      },
    })
    const controller = new AbortController()
    const stuck = client.wait({ name: 'stuck' }, { signal: controller.signal })
    await started.promise
    controller.abort(new Error('not needed any more'))
    await assert.rejects(stuck, /not needed any more/)
    await assert.rejects(client.ping({}, { signal: AbortSignal.abort(new Error('early')) }), /early/)
    assert.equal(await client.wait({ name: 'next' }), 'next')
    assert.equal(server.connections, 1)
  })

  test('replies that are damaged, too large or no replies at all are errors of ours', async (context) => {
    const answers: [string, Uint8Array, RegExp][] = [
      ['noise', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not answer in framed Thrift/],
      ['noise in a frame', encodeFrame(Buffer.alloc(20, 0xee)), /does not answer in framed Thrift/],
      [
        'a call for a reply',
        encodeFrame(writeMessage({ protocol: 'binary', type: 'call', name: 'x', sequenceId: 1 }, () => undefined)),
        /a call came as the answer/,
      ],
      [
        'a cut result',
        encodeFrame(writeMessage({ protocol: 'binary', type: 'reply', name: 'x', sequenceId: 1 }, () => undefined)),
        /ends inside a value/,
      ],
    ]
    for (const [what, bytes, message] of answers) {
      const port = await fakeServer(context, (socket) => socket.once('data', () => socket.write(bytes)))
      const connection = new ThriftConnection({ host: '127.0.0.1', port, clock: systemClock })
      const call = thriftClient(optimizeManager, connection).ping({})
      await assert.rejects(call, (error) => isKind(error, 'corrupt') && message.test(error.message), what)
      await connection.close()
    }
  })

  test('nothing can be called once it is closed', async (context) => {
    const { client, connection } = await start(context)
    await client.ping({})
    await connection.close()
    await connection.close()
    await assert.rejects(client.ping({}), (error) => isKind(error, 'aborted'))
  })
})

suite('stopping', () => {
  test('lets calls finish, takes no new ones, and may be done twice', async (context) => {
    const hold = Promise.withResolvers<string>()
    const started = Promise.withResolvers<void>()
    const { client, server } = await start(context, {
      wait: () => {
        started.resolve()
        return hold.promise
      },
    })
    const call = client.wait({ name: '' })
    await started.promise
    const stopped = Promise.all([server.stop(), server.stop()])
    hold.resolve('finished')
    assert.equal(await call, 'finished')
    await stopped
    await assert.rejects(client.ping({}), (error) => isKind(error, 'unavailable'))
  })

  test('who is turned away is told of, once for many', async (context) => {
    const { server, failures, client } = await start(context, {}, { maxConnections: 1 })
    await client.ping({})
    for (const _ of [1, 2, 3]) await (await rawSocket(context, server.port)).closed
    assert.deepEqual(
      failures.map(({ name, error }) => [name, (error as Error).message]),
      [['connecting', '1 client turned away: 1 are connected, which is the most; close some, or run several servers']],
    )
    await client.ping({})
  })

  test('a port that is taken is named', async (context) => {
    const { server } = await start(context)
    const second = startThriftServer({
      host: '127.0.0.1',
      port: server.port,
      clock: systemClock,
      services: [],
      onFailure: () => undefined,
    })
    await assert.rejects(second, (error) => isKind(error, 'conflict') && error.message.includes(`port ${server.port}`))
  })
})
