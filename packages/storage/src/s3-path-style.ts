import { isIP } from 'node:net'
import { isTrue, type StorageSettings } from './settings.ts'

/**
 * Whether a bucket is named in the path of an address, and not as a part of its host. Where the settings do not say, that is
 * where no host can have a further part: an IP address, or `localhost`, as AWS's own clients take it.
 *
 * @throws {MoraineError} `invalid-input` if the setting is neither true nor false
 */
export function isPathStyle(settings: StorageSettings): boolean {
  if (settings['s3.path-style-access'] !== undefined) return isTrue(settings, 's3.path-style-access')
  const endpoint = settings['s3.endpoint'] ?? ''
  // An address may come without a scheme.
  const address = endpoint.includes('://') ? endpoint : `http://${endpoint}`
  if (!URL.canParse(address)) return false
  const { hostname } = new URL(address)
  return hostname === 'localhost' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
}
