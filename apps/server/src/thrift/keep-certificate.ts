import type { Clock } from '@moraine/stdx/clock'
import { describeError } from '@moraine/stdx/error'
import type { ServerCertificate, ThriftServer } from '@moraine/thrift/server'
import type { OptimizerTlsSettings } from '../config/optimizer-tls-settings.ts'
import type { Log } from '../service/log.ts'
import { readServerCertificate } from './certificate-files.ts'
import { decideRenewal, type Look, type Renewal } from './certificate-renewal.ts'

/** Two small files; whoever renews a certificate does not wait long for it to be shown. */
const LOOK_EACH_MS = 10_000

export type KeepCertificateOptions = {
  readonly files: OptimizerTlsSettings
  /** As it was read for the start. */
  readonly shown: ServerCertificate
  readonly server: Pick<ThriftServer, 'renewCertificate'>
  readonly clock: Clock
  readonly log: Log
}

/** Has the server show the certificate that is in its files, until `signal` aborts. */
export async function keepCertificate(options: KeepCertificateOptions, signal: AbortSignal): Promise<void> {
  const { files, shown, server, clock, log } = options
  let renewal: Renewal = { shown, trouble: undefined }
  for (;;) {
    await clock.sleep(LOOK_EACH_MS, signal).catch(() => undefined)
    if (signal.aborted) return
    const look = await lookAt(files)
    const { next, action } = decideRenewal(renewal, look, clock.monotonicMs())
    renewal = next
    if (action === 'renew') {
      server.renewCertificate(next.shown)
      log.info({ file: files.certificateFile }, 'the port for optimizers shows its new certificate')
    } else if (action === 'warn') {
      log.warn(
        { failure: next.trouble?.failure },
        'the new certificate for optimizers does not do; the old one is shown',
      )
    }
  }
}

async function lookAt(files: OptimizerTlsSettings): Promise<Look> {
  try {
    return { kind: 'read', certificate: await readServerCertificate(files) }
  } catch (error) {
    return { kind: 'broken', failure: describeError(error) }
  }
}
