import type { Catalog } from '@moraine/catalogs/catalog'
import { isLoginRefused } from '@moraine/catalogs/rest/rest-answer'
import { describeError, MoraineError } from '@moraine/stdx/error'
import { eachCall } from './each-call.ts'

/**
 * The same catalog. A server that does not let this service in says nothing of what the caller may do: that is `unavailable`,
 * until whoever registered the catalog gives another credential.
 */
export function withLoginFailures(catalog: Catalog): Catalog {
  const { name, close } = catalog
  const told = eachCall(catalog, (call) =>
    call().catch((error: unknown) => {
      throw asLoginFailure(name, error)
    }),
  )
  return { ...told, ...(close && { close }) }
}

/** Another error as it is. */
export function asLoginFailure(name: string, error: unknown): unknown {
  if (!isLoginRefused(error)) return error
  return new MoraineError(
    'unavailable',
    `the server of catalog ${name} does not let this service in: ${describeError(error)}`,
    { cause: error },
  )
}
