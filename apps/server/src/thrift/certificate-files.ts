import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { describeError, MoraineError } from '@moraine/stdx/error'
import { localError } from '@moraine/storage/local-error'
import { parseCertificates } from '@moraine/thrift/pem-certificates'
import type { ServerCertificate } from '@moraine/thrift/server'
import type { OptimizerTlsSettings } from '../config/optimizer-tls-settings.ts'
import { SETTINGS } from '../config/settings.ts'

/**
 * The certificate of the port for optimizers and its key.
 *
 * @throws {MoraineError} naming the setting and the file that does not do, and the remedy
 */
export async function readServerCertificate({
  certificateFile,
  keyFile,
}: OptimizerTlsSettings): Promise<ServerCertificate> {
  const certificate = await readPem(CERTIFICATE, certificateFile)
  const key = await readPem(KEY, keyFile)
  const [own] = certificatesOf(CERTIFICATE, certificateFile, certificate)
  checkPair(own, privateKey(key, keyFile), { certificateFile, keyFile })
  checkUsable({ certificate, key }, certificateFile)
  return { certificate, key }
}

/** What optimizers are to trust, as PEM. @throws {MoraineError} as {@link readServerCertificate} */
export async function readCaFile(caFile: string): Promise<string> {
  const pem = await readPem(CA, caFile)
  certificatesOf(CA, caFile, pem)
  return pem
}

/**
 * Finds out at the start what would else be found out by whoever leads next, or by an optimizer.
 *
 * @throws {MoraineError} as {@link readServerCertificate}
 */
export async function checkCertificates(files: OptimizerTlsSettings): Promise<void> {
  await readServerCertificate(files)
  if (files.caFile !== undefined) await readCaFile(files.caFile)
}

const CERTIFICATE = SETTINGS.thriftCertificateFile.key
const KEY = SETTINGS.thriftKeyFile.key
const CA = SETTINGS.thriftCaFile.key

async function readPem(key: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw localError(cause, `reading the file of ${key}, ${file},`)
  })
}

function certificatesOf(key: string, file: string, pem: string): readonly [X509Certificate, ...X509Certificate[]] {
  try {
    return parseCertificates(pem)
  } catch (cause) {
    throw new MoraineError('invalid-input', `the file of ${key}, ${file}: ${describeError(cause)}`, { cause })
  }
}

function privateKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    // Its text may be of the key.
    const isLocked = /ENCRYPTED/.test(pem)
    const problem = isLocked
      ? 'the key in it is locked by a passphrase; write it without (openssl pkey -in FILE -out FILE)'
      : 'there is no private key in it: it must be PEM, -----BEGIN PRIVATE KEY-----'
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new MoraineError('invalid-input', `the file of ${KEY}, ${file}: ${problem}${code}`)
  }
}

function checkPair(
  certificate: X509Certificate,
  key: KeyObject,
  { certificateFile, keyFile }: Pick<OptimizerTlsSettings, 'certificateFile' | 'keyFile'>,
): void {
  if (certificate.checkPrivateKey(key)) return
  throw new MoraineError(
    'invalid-input',
    `the key of ${KEY}, ${keyFile}, is not that of the certificate of ${CERTIFICATE}, ${certificateFile}: name the two that belong together, and the server's own certificate first in its file`,
  )
}

/** OpenSSL has demands of its own: it takes no key of 512 bits. */
function checkUsable({ certificate, key }: ServerCertificate, certificateFile: string): void {
  try {
    createSecureContext({ cert: certificate, key })
  } catch (cause) {
    const reason = cause instanceof Error && 'reason' in cause ? String(cause.reason) : describeError(cause)
    throw new MoraineError(
      'invalid-input',
      `the certificate of ${CERTIFICATE}, ${certificateFile}, or its key cannot be used: ${reason}; have another one issued`,
    )
  }
}
