import {
  alreadyExistsException,
  invalidObjectException,
  metadataException,
  noSuchObjectException,
  notSupportedException,
  operationConflictException,
} from '@moraine/api/thrift/table-metastore'
import { type ErrorKind, MoraineError } from '@moraine/stdx/error'

type Declared = typeof noSuchObjectException

/** As Amoro maps its own; the first of them that a method declares, and none: the caller hears of a failure with the message. */
const EXCEPTIONS = {
  'invalid-input': [invalidObjectException],
  'not-found': [noSuchObjectException],
  'already-exists': [alreadyExistsException],
  unauthenticated: [],
  permission: [metadataException],
  corrupt: [metadataException],
  unsupported: [notSupportedException, noSuchObjectException, metadataException],
  conflict: [operationConflictException],
  unavailable: [metadataException],
  timeout: [metadataException],
  aborted: [],
  exhausted: [metadataException],
  'verification-failed': [],
  internal: [],
} as const satisfies Record<ErrorKind, readonly Declared[]>

/** What travels for an error: an exception that the method declares, or else the error itself. */
export function asDeclared(error: unknown, exceptions: readonly { readonly name: string }[]): unknown {
  if (!(error instanceof MoraineError)) return error
  const possible: readonly Declared[] = EXCEPTIONS[error.kind]
  const found = possible.find(({ name }) => exceptions.some((declared) => declared.name === name))
  return found === undefined ? error : found.make({ message: error.message })
}
