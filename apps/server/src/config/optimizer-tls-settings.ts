import { resolve } from 'node:path'
import { MoraineError } from '@moraine/stdx/error'
import type { ConfigValues } from './read-config.ts'
import { SETTINGS } from './settings.ts'

/** Files of PEM, by their whole paths. */
export type OptimizerTlsSettings = {
  readonly certificateFile: string
  readonly keyFile: string
  /** What optimizers that the service launches are to trust; `undefined`: what they trust by themselves. */
  readonly caFile: string | undefined
}

/**
 * Where the certificate of the port for optimizers is; `undefined` where that is without TLS.
 *
 * @throws {MoraineError} `invalid-input` naming the setting that is missing
 */
export function optimizerTlsSettings(values: ConfigValues): OptimizerTlsSettings | undefined {
  const { thriftCertificateFile, thriftKeyFile, thriftCaFile } = values
  if (thriftCertificateFile === '' && thriftKeyFile === '') {
    if (thriftCaFile === '') return undefined
    throw missing('thriftCertificateFile', 'thriftCaFile')
  }
  if (thriftCertificateFile === '') throw missing('thriftCertificateFile', 'thriftKeyFile')
  if (thriftKeyFile === '') throw missing('thriftKeyFile', 'thriftCertificateFile')
  return {
    certificateFile: resolve(thriftCertificateFile),
    keyFile: resolve(thriftKeyFile),
    caFile: thriftCaFile === '' ? undefined : resolve(thriftCaFile),
  }
}

function missing(absent: keyof typeof SETTINGS, present: keyof typeof SETTINGS): MoraineError {
  const problem = `setting ${SETTINGS[present].key} is set and ${SETTINGS[absent].key} is not`
  return new MoraineError(
    'invalid-input',
    `${problem}: TLS needs both the certificate and its key; set that too, or neither`,
  )
}
