import type { ServerCertificate } from '@moraine/thrift/server'

/** What the port shows now, and what was found wrong with its files since. */
export type Renewal = {
  readonly shown: ServerCertificate
  readonly trouble: Trouble | undefined
}

type Trouble = { readonly failure: string; readonly toldAtMs: number | undefined }

/** What a look at the files gave. */
export type Look =
  | { readonly kind: 'read'; readonly certificate: ServerCertificate }
  | { readonly kind: 'broken'; readonly failure: string }

export type RenewalDecision = {
  readonly next: Renewal
  /** `renew`: the one of `next` is to be shown; `warn`: the files do not do, and this is to be told. */
  readonly action: 'none' | 'renew' | 'warn'
}

const REMIND_AFTER_MS = 60 * 60_000

/**
 * Takes up a pair that does, and keeps the old one else. Of two files that are written one after the other a look may
 * find one: what is wrong is told only if the next look finds it too, and then each hour.
 */
export function decideRenewal({ shown, trouble }: Renewal, look: Look, nowMs: number): RenewalDecision {
  if (look.kind === 'read') {
    const { certificate } = look
    const isSame = certificate.key === shown.key && certificate.certificate === shown.certificate
    return { next: { shown: certificate, trouble: undefined }, action: isSame ? 'none' : 'renew' }
  }
  const { failure } = look
  if (trouble?.failure !== failure) {
    return { next: { shown, trouble: { failure, toldAtMs: undefined } }, action: 'none' }
  }
  const isDue = trouble.toldAtMs === undefined || nowMs - trouble.toldAtMs >= REMIND_AFTER_MS
  if (!isDue) return { next: { shown, trouble }, action: 'none' }
  return { next: { shown, trouble: { failure, toldAtMs: nowMs } }, action: 'warn' }
}
