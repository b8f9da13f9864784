import { MoraineError } from '@moraine/stdx/error'
import type { StorageSettings } from './settings.ts'

/**
 * opendal's options for an authority of Azure, `container@account.dfs.core.windows.net`, or `container` where the settings
 * name the account. They have the names of Iceberg's clients, of which Java's and Python's differ in some. What a connection
 * string says counts before the others.
 *
 * @throws {MoraineError} `invalid-input` naming a connection string that is none
 */
export function azureOptions(authority: string, settings: StorageSettings): Readonly<Record<string, string>> {
  const [container = '', host = ''] = authority.split('@')
  const named =
    settings['adls.auth.shared-key.account.name'] ?? settings['adls.account-name'] ?? host.split('.')[0] ?? ''
  const of = (setting: string) => settings[`${setting}.${host}`] ?? settings[`${setting}.${named}`] ?? settings[setting]
  const key = settings['adls.auth.shared-key.account.key'] ?? settings['adls.account-key']
  const sas = of('adls.sas-token')
  const told = of('adls.connection-string')
  return {
    container,
    account_name: named,
    endpoint: settings['adls.endpoint'] ?? (host && blobEndpoint(`https://${host}`)),
    ...(key !== undefined && { account_key: key }),
    ...(sas !== undefined && { sas_token: sas }),
    ...(told !== undefined && connectionOptions(told)),
  }
}

/** Java's client takes an address for a connection string, Python's `AccountName=...;AccountKey=...;BlobEndpoint=...`. */
function connectionOptions(told: string): Readonly<Record<string, string>> {
  if (/^https?:\/\//i.test(told) && URL.canParse(told)) {
    const [address = '', signature] = told.split('?')
    return { endpoint: blobEndpoint(address), ...(signature && { sas_token: signature }) }
  }
  const parts = new Map(told.split(';').map((part) => splitAt(part, part.indexOf('='))))
  const account = parts.get('accountname')
  const suffix = parts.get('endpointsuffix') ?? 'core.windows.net'
  const protocol = parts.get('defaultendpointsprotocol') ?? 'https'
  const endpoint = parts.get('blobendpoint') ?? (account && `${protocol}://${account}.blob.${suffix}`)
  // Not with its text: it holds the key.
  if (!endpoint) {
    throw new MoraineError(
      'invalid-input',
      'adls.connection-string names no account: it may be an address, or AccountName=...;AccountKey=...;BlobEndpoint=...',
    )
  }
  const key = parts.get('accountkey')
  const signature = parts.get('sharedaccesssignature')
  return {
    endpoint: endpoint.replace(/\/$/, ''),
    ...(account && { account_name: account }),
    ...(key && { account_key: key }),
    ...(signature && { sas_token: signature }),
  }
}

function splitAt(part: string, at: number): readonly [string, string] {
  return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()]
}

// Blobs are addressed by their own host; the other is that of folders.
function blobEndpoint(address: string): string {
  return address.replace('.dfs.', '.blob.').replace(/\/$/, '')
}
