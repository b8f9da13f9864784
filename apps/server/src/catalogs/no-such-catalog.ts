import { MoraineError } from '@moraine/stdx/error'
import { nearestKey } from '@moraine/stdx/nearest-key'

/** For a name that is not registered; of the names that are known, the one that is meant is told. */
export function noSuchCatalog(name: string, known: readonly string[] = []): MoraineError {
  const near = nearestKey(name, known)
  const hint = near === undefined ? '`moraine catalog list` lists those there are' : `'${near}' is meant`
  return new MoraineError('not-found', `there is no catalog '${name}'; ${hint}`)
}
