import { bracketed, exposedHost } from '../service/exposed-host.ts'

export type OptimizingPlace = {
  /** Where the port for optimizers listens. */
  readonly host: string
  readonly port: number
}

export type OptimizingUrlSettings = {
  /** By what others reach this machine; empty: by the address it listens on, or its name. */
  readonly exposedHost: string
  /** Set where the port is with TLS. */
  readonly optimizerTls: object | undefined
}

/** By which optimizers elsewhere reach a server. */
export function optimizingUrl({ host, port }: OptimizingPlace, settings: OptimizingUrlSettings): string {
  return `${schemeOf(settings)}://${bracketed(exposedHost(settings, host))}:${port}`
}

/** By which those on its own machine do. With TLS by the same: its certificate is for that name. */
export function localOptimizingUrl(place: OptimizingPlace, settings: OptimizingUrlSettings): string {
  if (settings.optimizerTls !== undefined) return optimizingUrl(place, settings)
  return `${schemeOf(settings)}://${bracketed(LOOPBACK.get(place.host) ?? place.host)}:${place.port}`
}

function schemeOf({ optimizerTls }: OptimizingUrlSettings): string {
  return optimizerTls === undefined ? 'thrift' : 'thrifts'
}

/** Of addresses that mean all of a machine. */
const LOOPBACK: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
])
