import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { mapBounded } from '@moraine/stdx/bounded'
import { type ErrorKind, isKind } from '@moraine/stdx/error'
import type { FileIO, FileStatus } from '@moraine/storage/file-io'
import { joinLocation } from '@moraine/storage/location'

export type FileIoUnderTest = {
  readonly io: FileIO
  /** An empty directory to write in, without a trailing slash. */
  readonly root: string
  dispose(): Promise<void>
}

export type FileIoConformanceOptions = {
  /** Why the suite cannot run here. */
  readonly skip?: string | undefined
  /** Names that this store cannot hold, and refuses. */
  readonly refusedNames?: readonly string[]
  /** Whether create-only writes are atomic there, which the store has to say itself; they are if not said. */
  readonly createsOnly?: boolean
  /** Objects to list, more than the store's pages hold; 1,050 if not said. */
  readonly listed?: number
  /** Whether the store may take replaced content away from those who read it: they are told, and read again. */
  readonly takesReplaced?: boolean
  /** Size of a large object, many times what the store takes in one part; 41 MB if not said. */
  readonly largeBytes?: number
}

/** Options for stores that have neither pages nor parts. */
export const SMALL_SCALE = { listed: 150, largeBytes: 2_000_000 } as const satisfies FileIoConformanceOptions

/** Every sentence of the FileIO port, as tests. */
export function fileIoConformance(
  name: string,
  open: () => Promise<FileIoUnderTest>,
  options: FileIoConformanceOptions = {},
): void {
  describe(`FileIO: ${name}`, { skip: options.skip ?? false }, () => {
    let opened: FileIoUnderTest | undefined
    before(async () => {
      opened = await open()
    })
    after(async () => {
      await opened?.dispose()
    })
    const use = () => {
      assert.ok(opened)
      return opened
    }
    wholeObjects(use, options.takesReplaced ?? false)
    ranges(use)
    names(use, options.refusedNames ?? [])
    if (options.createsOnly ?? true) createOnly(use, options.largeBytes ?? LARGE_BYTES)
    else noCreateOnly(use)
    writers(use, options.largeBytes ?? LARGE_BYTES)
    listing(use, options.listed ?? 1_050)
    removal(use)
    aborting(use)
  })
}

const LARGE_BYTES = 41_000_001

type Use = () => FileIoUnderTest

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const at = ({ root }: FileIoUnderTest, name: string) => joinLocation(root, name)

/** Bytes of which no two stretches are alike, so that misplaced parts show. */
function patternBytes(length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = 0x2545f491
  for (let index = 0; index < words.length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    words[index] = state ^ (state >>> 15)
  }
  return new Uint8Array(words.buffer, 0, length)
}

async function locationsOf(io: FileIO, prefix: string): Promise<readonly string[]> {
  return (await statusesOf(io, prefix)).map(({ location }) => location).sort()
}

async function statusesOf(io: FileIO, prefix: string): Promise<readonly FileStatus[]> {
  const found: FileStatus[] = []
  for await (const status of io.list(prefix)) found.push(status)
  return found
}

const failsWith = (promise: Promise<unknown>, kind: ErrorKind, naming: string) =>
  assert.rejects(promise, (error) => {
    assert.ok(isKind(error, kind), `${kind} expected: ${error}`)
    assert.ok(error.message.includes(naming), `the message names ${naming}: ${error.message}`)
    return true
  })

function wholeObjects(use: Use, takesReplaced: boolean): void {
  test('what is written is read back, with its status', async () => {
    const { io } = use()
    const location = at(use(), 'whole/a')
    const started = Date.now()
    assert.equal(await io.write(location, bytesOf('hello')), 'written')
    assert.equal(textOf(await io.read(location)), 'hello')
    const status = await io.stat(location)
    assert.equal(status?.location, location)
    assert.equal(status?.sizeBytes, 5)
    // Stores round to seconds, and their clock may differ a little.
    assert.ok(Number.isSafeInteger(status?.modifiedAt) && status.modifiedAt <= started + 60_000)
  })

  test('bytes come as a plain Uint8Array that is the reader’s own', async () => {
    const { io } = use()
    const location = at(use(), 'whole/own')
    const written = Buffer.from('abc')
    await io.write(location, written)
    written.fill(0)
    const read = await io.read(location)
    assert.equal(Object.getPrototypeOf(read), Uint8Array.prototype)
    read.fill(0)
    assert.equal(textOf(await io.read(location)), 'abc')
  })

  test('a view of a larger buffer is written as the view', async () => {
    const { io } = use()
    const location = at(use(), 'whole/view')
    await io.write(location, bytesOf('0123456789').subarray(3, 6))
    assert.equal(textOf(await io.read(location)), '345')
  })

  test('a second write replaces the first, longer or shorter', async () => {
    const { io } = use()
    const location = at(use(), 'whole/replaced')
    for (const text of ['one', 'three', '4', '']) {
      assert.equal(await io.write(location, bytesOf(text)), 'written')
      assert.equal(textOf(await io.read(location)), text)
      assert.equal((await io.stat(location))?.sizeBytes, text.length)
    }
  })

  test('what does not exist is not found, by status undefined', async () => {
    const { io } = use()
    const location = at(use(), 'nowhere/a')
    assert.equal(await io.stat(location), undefined)
    await failsWith(io.read(location), 'not-found', location)
    await failsWith(io.readRange(location, 0, 1), 'not-found', location)
    await failsWith(io.readRange(location, 0, 0), 'not-found', location)
  })

  test('a directory is no object', async () => {
    const { io, root } = use()
    await io.write(at(use(), 'whole/dir/file'), bytesOf('x'))
    assert.equal(await io.stat(at(use(), 'whole/dir')), undefined)
    assert.equal(await io.stat(`${root}/whole/dir/`), undefined)
    await failsWith(io.read(at(use(), 'whole/dir')), 'not-found', 'whole/dir')
  })

  test('readers see one whole content or the other while a location is rewritten', async () => {
    const { io } = use()
    const location = at(use(), 'whole/contended')
    const contents = [patternBytes(300_000), patternBytes(700_000).reverse()]
    const [first = new Uint8Array(), second = new Uint8Array()] = contents
    await io.write(location, first)
    let writing = true
    let reads = 0
    const seen = () =>
      io.read(location).catch((error: unknown) => {
        if (takesReplaced && isKind(error, 'unavailable')) return undefined
        throw error
      })
    const read = async () => {
      while (writing) {
        const bytes = await seen()
        if (bytes === undefined) continue
        reads += 1
        assert.ok(Buffer.compare(bytes, first) === 0 || Buffer.compare(bytes, second) === 0, `${bytes.length} bytes`)
      }
    }
    const write = async () => {
      for (let turn = 0; turn < 10; turn += 1) await io.write(location, turn % 2 === 0 ? second : first)
      writing = false
    }
    await Promise.all([read(), read(), write().finally(() => (writing = false))])
    assert.ok(reads > 0)
  })
}

function ranges(use: Use): void {
  test('ranges are exact', async () => {
    const { io } = use()
    const location = at(use(), 'ranges/a')
    const bytes = patternBytes(100_000)
    await io.write(location, bytes)
    for (const [offset, length] of [
      [0, 1],
      [0, 100_000],
      [99_999, 1],
      [12_345, 54_321],
      [0, 0],
      [50, 0],
      [100_000, 0],
    ] as const) {
      const read = await io.readRange(location, offset, length)
      assert.equal(Object.getPrototypeOf(read), Uint8Array.prototype)
      assert.deepEqual(read, bytes.slice(offset, offset + length), `${length} from ${offset}`)
    }
  })

  test('an object too short for the range is corrupt', async () => {
    const { io } = use()
    const location = at(use(), 'ranges/short')
    await io.write(location, bytesOf('0123456789'))
    for (const [offset, length] of [
      [0, 11],
      [9, 2],
      [10, 1],
      [11, 0],
      [500, 5],
      [0, 2 ** 50],
      [2 ** 52, 2 ** 52],
    ] as const) {
      await failsWith(io.readRange(location, offset, length), 'corrupt', location)
    }
    const empty = at(use(), 'ranges/empty')
    await io.write(empty, new Uint8Array())
    assert.deepEqual(await io.readRange(empty, 0, 0), new Uint8Array())
    await failsWith(io.readRange(empty, 0, 1), 'corrupt', empty)
  })

  test('what is no range at all is refused', async () => {
    const { io } = use()
    const location = at(use(), 'ranges/a')
    for (const [offset, length] of [
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, Number.NaN],
      [2 ** 53, 1],
    ] as const) {
      await failsWith(io.readRange(location, offset, length), 'invalid-input', location)
    }
  })
}

const AWKWARD_NAMES = [
  'with space',
  ' leading',
  'trailing ',
  'tab\there',
  'new\nline',
  'per%cent',
  'ts=2024-01-01T10%3A00%3A00',
  '%2F',
  '%',
  'hash#1',
  'question?x=1&y=2',
  'plus+and;semi,colon:',
  'quote"s\'`',
  'back\\slash',
  '<angle>&amp;',
  '{brace}[bracket]|^~',
  '*star',
  'ümlaut-日本語-🏔',
  'e\u0301 and \u00e9',
  '__proto__',
  'constructor',
  '-dash',
  '~tilde',
  '.hidden',
  '..two',
  '...',
  'a.b.',
  'n'.repeat(200),
]

function names(use: Use, refused: readonly string[]): void {
  const held = AWKWARD_NAMES.filter((name) => !refused.includes(name))

  test('a name means itself, whatever its characters', async () => {
    const { io, root } = use()
    await mapBounded(held, 8, async (name) => {
      const location = at(use(), `names/${name}/${name}`)
      assert.equal(await io.write(location, bytesOf(name)), 'written', name)
      assert.equal((await io.stat(location))?.location, location)
    })
    for (const name of held) assert.equal(textOf(await io.read(at(use(), `names/${name}/${name}`))), name)
    const expected = held.map((name) => `${root}/names/${name}/${name}`).sort()
    assert.deepEqual(await locationsOf(io, `${root}/names/`), expected)
    for (const name of held) {
      assert.deepEqual(await locationsOf(io, `${root}/names/${name}/`), [`${root}/names/${name}/${name}`])
    }
    await io.remove(expected)
    assert.deepEqual(await locationsOf(io, `${root}/names/`), [])
  })

  test('a name that cannot be held is refused, not changed', async () => {
    const { io, root } = use()
    for (const name of refused) {
      const location = `${root}/refused/${name}`
      await failsWith(io.write(location, bytesOf(name)), 'unsupported', location)
      await failsWith(io.remove([location]), 'unsupported', location)
      await failsWith(io.read(location), 'unsupported', location)
      await failsWith(io.stat(location), 'unsupported', location)
    }
    assert.deepEqual(await locationsOf(io, `${root}/refused/`), [])
  })

  test('locations that lead elsewhere are refused', async () => {
    const { io, root } = use()
    for (const location of [`${root}/a/../../b`, `${root}/./a`, `${root}/a\0b`]) {
      await assert.rejects(io.write(location, bytesOf('x')), (error) => isKind(error, 'invalid-input'))
      await assert.rejects(io.remove([location]), (error) => isKind(error, 'invalid-input'))
    }
  })
}

function createOnly(use: Use, largeBytes: number): void {
  test('create-only writes once', async () => {
    const { io } = use()
    const location = at(use(), 'create/once')
    assert.ok(io.canCreateOnly(location))
    assert.equal(await io.write(location, bytesOf('first'), { createOnly: true }), 'written')
    assert.equal(await io.write(location, bytesOf('second'), { createOnly: true }), 'exists')
    assert.equal(textOf(await io.read(location)), 'first')
    assert.equal(await io.write(location, bytesOf('third'), { createOnly: false }), 'written')
    await io.remove([location])
    assert.equal(await io.write(location, bytesOf('fourth'), { createOnly: true }), 'written')
    assert.equal(textOf(await io.read(location)), 'fourth')
  })

  test('of 16 racing creators exactly one writes, and its bytes stand', async () => {
    const { io } = use()
    for (let round = 0; round < 8; round += 1) {
      const location = at(use(), `create/race/${round}`)
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, writer) =>
          io.write(location, bytesOf(`writer ${writer}`), { createOnly: true }),
        ),
      )
      assert.equal(outcomes.filter((outcome) => outcome === 'written').length, 1)
      assert.equal(outcomes.filter((outcome) => outcome === 'exists').length, 15)
      assert.equal(textOf(await io.read(location)), `writer ${outcomes.indexOf('written')}`)
    }
    assert.equal((await locationsOf(io, `${at(use(), 'create/race')}/`)).length, 8)
  })

  for (const sizeBytes of [10, Math.floor(largeBytes / 4)]) {
    test(`a create-only writer of ${sizeBytes} bytes does not replace`, async () => {
      const { io } = use()
      const location = at(use(), `create/writer-${sizeBytes}`)
      const create = async (bytes: Uint8Array) => {
        const writer = await io.openWriter(location, { createOnly: true })
        await writer.write(bytes)
        return writer.close()
      }
      assert.equal(await create(patternBytes(sizeBytes)), 'written')
      assert.equal(await create(new Uint8Array(sizeBytes)), 'exists')
      assert.ok(Buffer.compare(await io.read(location), patternBytes(sizeBytes)) === 0)
    })
  }
}

function noCreateOnly(use: Use): void {
  test('where create-only is not atomic it is refused', async () => {
    const { io } = use()
    const location = at(use(), 'create/unable')
    assert.ok(!io.canCreateOnly(location))
    await failsWith(io.write(location, bytesOf('x'), { createOnly: true }), 'unsupported', location)
    await failsWith(io.openWriter(location, { createOnly: true }), 'unsupported', location)
    assert.equal(await io.stat(location), undefined)
  })
}

function writers(use: Use, largeBytes: number): void {
  test('a large object in uneven parts becomes visible, whole, at close', async () => {
    const { io, root } = use()
    const location = at(use(), 'writers/large')
    const bytes = patternBytes(largeBytes)
    const writer = await io.openWriter(location)
    const part = Buffer.alloc(5_000_000)
    for (let from = 0, size = 1; from < bytes.length; from += size, size = Math.min(size * 7 + 1, part.length)) {
      const chunk = bytes.subarray(from, from + size)
      part.set(chunk)
      await writer.write(part.subarray(0, chunk.length))
      part.fill(0) // the writer must not look at it any more
    }
    assert.equal(await io.stat(location), undefined)
    assert.deepEqual(await locationsOf(io, `${root}/writers/`), [])
    assert.equal(await writer.close(), 'written')
    assert.equal((await io.stat(location))?.sizeBytes, bytes.length)
    assert.equal(Buffer.compare(await io.read(location), bytes), 0)
    const middle = Math.floor(largeBytes * 0.8)
    assert.deepEqual(await io.readRange(location, middle, 3), bytes.slice(middle, middle + 3))
    await writer.abort()
    assert.equal((await io.stat(location))?.sizeBytes, bytes.length)
  })

  test('a writer that got nothing makes an empty object', async () => {
    const { io } = use()
    const location = at(use(), 'writers/empty')
    const writer = await io.openWriter(location)
    await writer.write(new Uint8Array())
    assert.equal(await writer.close(), 'written')
    assert.equal((await io.stat(location))?.sizeBytes, 0)
  })

  test('an aborted writer leaves nothing, and what was there before stays', async () => {
    const { io, root } = use()
    const location = at(use(), 'aborted/a')
    for (const sizeBytes of [0, 10, Math.floor(largeBytes / 2)]) {
      const writer = await io.openWriter(location)
      await writer.write(new Uint8Array(sizeBytes))
      await writer.abort()
      await writer.abort()
    }
    assert.deepEqual(await locationsOf(io, `${root}/aborted/`), [])
    await io.write(location, bytesOf('kept'))
    const writer = await io.openWriter(location)
    await writer.write(bytesOf('given up'))
    await writer.abort()
    assert.equal(textOf(await io.read(location)), 'kept')
  })
}

function listing(use: Use, count: number): void {
  test('lists more than one page, any depth, each object once', async () => {
    const { io, root } = use()
    const names = Array.from({ length: count }, (_, index) => `p=${index % 7}/q=${index % 3}/file-${index}`)
    await mapBounded(names, 32, (name) => io.write(at(use(), `many/${name}`), bytesOf('x'.repeat(name.length))))
    const found = await statusesOf(io, `${root}/many/`)
    assert.deepEqual(found.map(({ location }) => location).sort(), names.map((name) => `${root}/many/${name}`).sort())
    for (const { location, sizeBytes, modifiedAt } of found) {
      assert.equal(sizeBytes, location.length - `${root}/many/`.length)
      assert.ok(Number.isSafeInteger(modifiedAt))
    }
    await io.remove(found.map(({ location }) => location))
    assert.deepEqual(await statusesOf(io, `${root}/many/`), [])
  })

  test('a prefix is text: with a slash a directory, without one all that start so', async () => {
    const { io, root } = use()
    for (const name of ['a', 'ab/c', 'ab/d/e', 'abc', 'b']) await io.write(at(use(), `prefix/${name}`), bytesOf(name))
    const list = async (prefix: string) =>
      (await locationsOf(io, `${root}/prefix/${prefix}`)).map((location) => location.slice(`${root}/prefix/`.length))
    assert.deepEqual(await list(''), ['a', 'ab/c', 'ab/d/e', 'abc', 'b'])
    assert.deepEqual(await list('ab/'), ['ab/c', 'ab/d/e'])
    assert.deepEqual(await list('ab'), ['ab/c', 'ab/d/e', 'abc'])
    assert.deepEqual(await list('a/'), [])
    assert.deepEqual(await list('abc'), ['abc'])
    assert.deepEqual(await list('nothing/'), [])
    assert.deepEqual(await list('nothing/at/all'), [])
  })

  test('a listing can be left early', async () => {
    const { io, root } = use()
    await io.write(at(use(), 'early/1'), bytesOf('1'))
    await io.write(at(use(), 'early/sub/2'), bytesOf('2'))
    let seen = 0
    for await (const _status of io.list(`${root}/early/`)) {
      seen += 1
      break
    }
    assert.equal(seen, 1)
  })
}

function removal(use: Use): void {
  test('removes what exists, passes over what does not, and nothing else', async () => {
    const { io, root } = use()
    for (const name of ['a', 'b', 'c/d']) await io.write(at(use(), `removal/${name}`), bytesOf(name))
    await io.remove(
      ['a', 'missing', 'c/d', 'c/missing', 'a/below-a-file', 'c'].map((name) => at(use(), `removal/${name}`)),
    )
    assert.deepEqual(await locationsOf(io, `${root}/removal/`), [`${root}/removal/b`])
    await io.remove([])
    await io.remove([at(use(), 'removal/a')])
  })
}

function aborting(use: Use): void {
  const gone = AbortSignal.abort(new Error('shutting down'))
  const aborted = (promise: Promise<unknown>) =>
    assert.rejects(promise, (error) => isKind(error, 'aborted') && error.cause === gone.reason)

  test('nothing happens after an abort', async () => {
    const { io, root } = use()
    const location = at(use(), 'abort/a')
    await io.write(location, bytesOf('kept'))
    await aborted(io.read(location, gone))
    await aborted(io.readRange(location, 0, 1, gone))
    await aborted(io.stat(location, gone))
    await aborted(io.write(at(use(), 'abort/b'), bytesOf('x'), {}, gone))
    await aborted(io.openWriter(at(use(), 'abort/b'), {}, gone))
    await aborted(io.remove([location], gone))
    await aborted(Array.fromAsync(io.list(`${root}/abort/`, gone)))
    assert.deepEqual(await locationsOf(io, `${root}/abort/`), [location])
  })

  test('a signal ends a writer between its calls', async () => {
    const { io, root } = use()
    for (const call of ['write', 'close'] as const) {
      const controller = new AbortController()
      const writer = await io.openWriter(at(use(), 'abort-writer/a'), {}, controller.signal)
      await writer.write(bytesOf('x'))
      controller.abort(gone.reason)
      await aborted(call === 'write' ? writer.write(bytesOf('y')) : writer.close())
      await writer.abort()
    }
    assert.deepEqual(await locationsOf(io, `${root}/abort-writer/`), [])
  })

  test('a signal ends a listing between its pages', async () => {
    const { io, root } = use()
    for (const name of ['1', '2', '3']) await io.write(at(use(), `abort-list/${name}/x`), bytesOf(name))
    const controller = new AbortController()
    const listed = async () => {
      for await (const _status of io.list(`${root}/abort-list/`, controller.signal)) controller.abort(gone.reason)
    }
    await aborted(listed())
  })
}
