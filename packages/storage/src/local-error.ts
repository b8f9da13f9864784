import { type ErrorKind, MoraineError } from '@moraine/stdx/error'

/** What an operating system's error means to a caller; `doing` says what failed (`writing /a/b`). */
export function localError(cause: unknown, doing: string): MoraineError {
  if (cause instanceof MoraineError) return cause
  const code = errnoOf(cause)
  if (code === undefined) return new MoraineError('internal', `${doing} failed`, { cause })
  const { kind, remedy } = MEANING.get(code) ?? OTHER
  return new MoraineError(kind, `${doing} failed: ${code}; ${remedy}`, { cause })
}

/** `ENOENT` and the like; `undefined` for errors that Node finds itself (`ERR_...`). */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^E(?!RR_)/.test(code) ? code : undefined
}

/** Whether the errno says that there is no file of that name. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')
}

type Meaning = { readonly kind: ErrorKind; readonly remedy: string }

const OTHER: Meaning = { kind: 'unavailable', remedy: 'see the system log' }
const FULL: Meaning = { kind: 'exhausted', remedy: 'free space or raise the quota' }
const GONE: Meaning = { kind: 'not-found', remedy: 'there is no such file' }
const DENIED: Meaning = { kind: 'permission', remedy: 'give the user this process runs as access to it' }
const LINKS: Meaning = { kind: 'unsupported', remedy: 'this file system cannot do it; use another' }

const MEANING: ReadonlyMap<string, Meaning> = new Map([
  ['ENOENT', GONE],
  ['ENOTDIR', { kind: 'not-found', remedy: 'a part of the path is a file, not a directory' }],
  ['EISDIR', { kind: 'not-found', remedy: 'it is a directory, not a file' }],
  ['EACCES', DENIED],
  ['EPERM', DENIED],
  ['EROFS', { kind: 'permission', remedy: 'the file system is mounted read-only' }],
  ['ENOSPC', FULL],
  ['EDQUOT', FULL],
  ['EFBIG', { kind: 'exhausted', remedy: 'the file is larger than the file system or the process limit allows' }],
  ['EMLINK', { kind: 'exhausted', remedy: 'the file has as many hard links as the file system allows' }],
  ['ENOMEM', { kind: 'exhausted', remedy: 'the system is out of memory' }],
  ['EMFILE', { kind: 'unavailable', remedy: 'too many open files; raise the limit (ulimit -n)' }],
  ['ENFILE', { kind: 'unavailable', remedy: 'the system has too many open files' }],
  ['EIO', { kind: 'unavailable', remedy: 'the device reported an error; see the system log' }],
  ['ESTALE', { kind: 'unavailable', remedy: 'the network file system lost the file; it may be gone' }],
  ['ENAMETOOLONG', { kind: 'invalid-input', remedy: 'a name or the whole path is too long for the file system' }],
  ['ELOOP', { kind: 'invalid-input', remedy: 'too many symbolic links in the path' }],
  ['EINVAL', { kind: 'invalid-input', remedy: 'the file system does not take this name or request' }],
  ['ENOTSUP', LINKS],
  ['EOPNOTSUPP', LINKS],
  ['ENOSYS', LINKS],
])
