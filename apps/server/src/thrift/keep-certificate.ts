import type { Clock } from '@moraine/stdx/clock'
import { describeError } from '@moraine/stdx/error'
import { parseCertificates } from '@moraine/thrift/pem-certificates'
import type { ServerCertificate, ThriftServer } from '@moraine/thrift/server'
import type { OptimizerTlsSettings } from '../config/optimizer-tls-settings.ts'
import type { Log } from '../service/log.ts'
import { decideExpiryNotice, type ExpiryNotice, type Validity } from './certificate-expiry.ts'
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

/** Has the server show the certificate that is in its files, and tells of one that expires, until `signal` aborts. */
export async function keepCertificate(options: KeepCertificateOptions, signal: AbortSignal): Promise<void> {
  const { files, shown, server, clock, log } = options
  let renewal: Renewal = { shown, trouble: undefined }
  let validity = validityOf(shown)
  let notice: ExpiryNotice | undefined
  for (;;) {
    const due = decideExpiryNotice(validity, clock.now(), notice)
    if (due !== undefined) {
      notice = due
      log.warn({ file: files.certificateFile, until: new Date(due.untilMs).toISOString() }, EXPIRY_MESSAGES[due.state])
    }
    await clock.sleep(LOOK_EACH_MS, signal).catch(() => undefined)
    if (signal.aborted) return
    const look = await lookAt(files)
    const { next, action } = decideRenewal(renewal, look, clock.monotonicMs())
    renewal = next
    if (action === 'renew') {
      server.renewCertificate(next.shown)
      validity = validityOf(next.shown)
      log.info({ file: files.certificateFile }, 'the port for optimizers shows its new certificate')
    } else if (action === 'warn') {
      log.warn(
        { failure: next.trouble?.failure },
        'the new certificate for optimizers does not do; the old one is shown',
      )
    }
  }
}

const EXPIRY_MESSAGES = {
  'expires-soon': 'the certificate for optimizers expires soon: have it renewed, and its files written anew',
  expired: 'the certificate for optimizers has expired, and they do not come in: write a new one to its files',
} as const satisfies Record<ExpiryNotice['state'], string>

function validityOf({ certificate }: ServerCertificate): Validity {
  const [own] = parseCertificates(certificate)
  return { fromMs: Date.parse(own.validFrom), untilMs: Date.parse(own.validTo) }
}

async function lookAt(files: OptimizerTlsSettings): Promise<Look> {
  try {
    return { kind: 'read', certificate: await readServerCertificate(files) }
  } catch (error) {
    return { kind: 'broken', failure: describeError(error) }
  }
}
