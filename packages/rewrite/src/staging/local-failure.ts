import { type ErrorKind, MoraineError } from '@moraine/stdx/error'

/** For `catch`: a failure of the local file system as one of ours, naming the path and what to do; others unchanged. */
export function localFailure(path: string): (error: unknown) => never {
  return (error) => {
    const { code, message } = error as NodeJS.ErrnoException
    const failure = code === undefined ? undefined : FAILURES[code]
    if (failure === undefined) throw error
    const [kind, remedy] = failure
    throw new MoraineError(kind, `${path}: ${message} (${remedy})`, { cause: error })
  }
}

const FAILURES: Readonly<Record<string, readonly [ErrorKind, string] | undefined>> = {
  ENOENT: ['not-found', 'the file was removed, or never written'],
  ENOSPC: ['exhausted', 'free space on the disk, or use another work directory'],
  EDQUOT: ['exhausted', 'raise the quota, or use another work directory'],
  EMFILE: ['exhausted', 'raise the limit of open files'],
  EACCES: ['permission', 'let the optimizer read the file and write to its work directory'],
  EPERM: ['permission', 'let the optimizer read the file and write to its work directory'],
  EROFS: ['permission', 'use a work directory that can be written to'],
  EIO: ['unavailable', 'check the disk'],
}
