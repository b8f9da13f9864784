import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorKind } from '@moraine/stdx/error'
import { localError } from './local-error.ts'

const errno = (code: string) => Object.assign(new Error(`${code}: something`), { code })

test('an errno has one meaning, and the message names the file, the errno and the remedy', () => {
  const expected: Record<string, ErrorKind> = {
    ENOENT: 'not-found',
    ENOTDIR: 'not-found',
    EISDIR: 'not-found',
    EACCES: 'permission',
    EPERM: 'permission',
    EROFS: 'permission',
    ENOSPC: 'exhausted',
    EDQUOT: 'exhausted',
    EFBIG: 'exhausted',
    EMFILE: 'unavailable',
    EIO: 'unavailable',
    ENAMETOOLONG: 'invalid-input',
    ENOTSUP: 'unsupported',
    ETXTBSY: 'unavailable',
    ERR_OUT_OF_RANGE: 'internal',
  }
  for (const [code, kind] of Object.entries(expected))
    assert.equal(localError(errno(code), 'writing /a').kind, kind, code)
  const full = localError(errno('ENOSPC'), 'writing /a/b')
  assert.equal(full.message, 'writing /a/b failed: ENOSPC; free space or raise the quota')
  assert.ok(full.cause instanceof Error)
})

test('our own errors pass; what is no errno is our bug', () => {
  const own = localError(errno('EIO'), 'reading /a')
  assert.equal(localError(own, 'writing /b'), own)
  assert.equal(localError(new TypeError('x is undefined'), 'reading /a').kind, 'internal')
})
