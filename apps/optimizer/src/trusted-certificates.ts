import { readFile } from 'node:fs/promises'
import { describeError, MoraineError } from '@moraine/stdx/error'
import { localError } from '@moraine/storage/local-error'
import { parseCertificates } from '@moraine/thrift/pem-certificates'
import type { ThriftAddress } from './thrift-address.ts'

/**
 * What is trusted of servers, as PEM; `undefined`: what Node trusts.
 *
 * @throws {MoraineError} naming `--ca-file` and what is wrong with it
 */
export async function readTrusted(
  caFile: string | undefined,
  [{ scheme }]: readonly [ThriftAddress, ...ThriftAddress[]],
): Promise<string | undefined> {
  if (caFile === undefined) return undefined
  if (scheme === 'thrift') {
    throw new MoraineError(
      'invalid-input',
      `--ca-file ${caFile} is for connections with TLS, and --url is without: write thrifts:// there, or leave out --ca-file`,
    )
  }
  const pem = await readFile(caFile, 'utf8').catch((cause: unknown) => {
    throw localError(cause, `reading --ca-file ${caFile}`)
  })
  try {
    parseCertificates(pem)
  } catch (cause) {
    throw new MoraineError('invalid-input', `--ca-file ${caFile}: ${describeError(cause)}`, { cause })
  }
  return pem
}
