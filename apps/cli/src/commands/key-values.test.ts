import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyValues } from './key-values.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const sources = {
  env: { PASSWORD: 'from-env', EMPTY: '' },
  readFile: async (path: string) => (path === '/binary' ? Uint8Array.of(0xff, 0xfe) : bytes(`in ${path}\r\n`)),
  readInput: async () => bytes('typed\n'),
}
const option = { name: '--property', example: 'uri=http://h', isFile: (key: string) => key === 'hive.site' }

test('values come from the command line, files, variables and standard input', async () => {
  const pairs = ['a=b=c', 'empty=', 'minus=-1', 'f=@/p', 'e=env:PASSWORD', 'n=env:EMPTY', 'i=-', 'a=last']
  assert.deepEqual(await keyValues(option, pairs, sources), {
    ...{ a: 'last', empty: '', minus: '-1', f: 'in /p', e: 'from-env', n: '', i: 'typed' },
  })
})

test('files that are values travel in base64', async () => {
  assert.deepEqual(await keyValues(option, ['hive.site=@/binary'], sources), { 'hive.site': '//4=' })
})

test('what is no value is refused by its key', async () => {
  const refused = (pair: string, says: RegExp) => assert.rejects(keyValues(option, [pair], sources), says)
  await refused('fast', /--property fast: write key=value, as in uri=http:\/\/h/)
  await refused('=x', /write key=value/)
  await refused('k=env:NOPE', /--property k: there is no variable NOPE/)
  await refused('k=@/binary', /--property k: what was read is no text/)
})
