import { hostname } from 'node:os'

/** By what others reach a server that listens on `host`: by that, unless it is told otherwise or listens on all. */
export function exposedHost(settings: { readonly exposedHost: string }, host: string): string {
  if (settings.exposedHost !== '') return settings.exposedHost
  return host === '0.0.0.0' || host === '::' ? hostname() : host
}

/** As it stands in an address. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** By what others reach what listens at `url`. */
export function exposedUrl(settings: { readonly exposedHost: string }, listening: string): string {
  const url = new URL(listening)
  const host = exposedHost(settings, url.hostname.replace(/^\[|\]$/g, ''))
  return `${url.protocol}//${bracketed(host)}:${url.port}`
}
