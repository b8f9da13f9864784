import { userInfo } from 'node:os'
import { MoraineError } from '@moraine/stdx/error'
import type { StorageSettings } from './settings.ts'

/** Schemes of locations in HDFS. */
export const HDFS_SCHEMES = ['hdfs', 'webhdfs', 'swebhdfs'] as const
export type HdfsScheme = (typeof HDFS_SCHEMES)[number]

/**
 * Where the name nodes of `scheme://authority` answer HTTP, the ones to try in this order.
 *
 * - `webhdfs://host:port` and `swebhdfs://host:port` name it themselves; without a port it is Hadoop's, 9870 or 9871.
 * - A name service has several: `dfs.ha.namenodes.NS` lists their ids, `dfs.namenode.http-address.NS.ID` has the address of
 *   each.
 * - `hdfs://host:port` names the port of another protocol: the address is `dfs.namenode.http-address.HOST`, else
 *   `dfs.namenode.http-address` (several with commas between), else the host and Hadoop's port. With `fs.defaultFS`, the
 *   second belongs to that file system alone.
 *
 * With `dfs.http.policy` HTTPS_ONLY, and for `swebhdfs`, `https-address` stands for `http-address`. An address may be an
 * URL, of HttpFS or a gateway.
 *
 * @throws {MoraineError} `invalid-input` naming the setting
 */
export function nameNodeUrls(scheme: HdfsScheme, authority: string, settings: StorageSettings): readonly URL[] {
  const own = authority === '' ? defaultAuthority(scheme, settings) : authority
  const [host, port] = splitPort(own)
  const isSecure = scheme === 'swebhdfs' || (scheme === 'hdfs' && settings['dfs.http.policy'] === 'HTTPS_ONLY')
  const key = isSecure ? 'dfs.namenode.https-address' : 'dfs.namenode.http-address'
  const toUrl = (address: string, setting: string) => addressUrl(address, { host, isSecure, setting })
  const ids = listed(settings[`dfs.ha.namenodes.${host}`])
  if (ids.length > 0) {
    return ids.map((id) => {
      const setting = `${key}.${host}.${id}`
      const address = settings[setting]
      if (address === undefined)
        throw new MoraineError('invalid-input', `${setting} is missing; dfs.ha.namenodes.${host} lists ${id}`)
      return toUrl(address, setting)
    })
  }
  if (scheme !== 'hdfs') return [toUrl(port === undefined ? host : own, `${scheme}://${own}`)]
  const isDefault = settings['fs.defaultFS'] === undefined || defaultAuthority(scheme, settings) === own
  const given = listed(settings[`${key}.${host}`] ?? (isDefault ? settings[key] : undefined))
  return given.length === 0 ? [toUrl(host, `hdfs://${own}`)] : given.map((address) => toUrl(address, key))
}

/**
 * Who calls, as query parameters: a delegation token, else the user name, from `hdfs.user`, from `ugi` (as what a catalog's
 * simple authentication is passed on), or as Hadoop's own clients have it. The token is a secret.
 *
 * @throws {MoraineError} `invalid-input` if nothing names a user
 */
export function hdfsCaller(
  settings: StorageSettings,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly (readonly [name: string, value: string])[] {
  const token = settings['hdfs.delegation-token']
  if (token !== undefined) return [['delegation', token]]
  const [ugi = ''] = (settings['ugi'] ?? '').split(':')
  const user = [settings['hdfs.user'], ugi, environment['HADOOP_USER_NAME'], systemUser()].find((name) => name)
  if (user !== undefined) return [['user.name', user]]
  throw new MoraineError(
    'invalid-input',
    'hdfs.user is missing, and this system has no name for the user who runs this',
  )
}

function systemUser(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined // a container's user may be a number only
  }
}

function defaultAuthority(scheme: HdfsScheme, settings: StorageSettings): string {
  const [, authority = ''] = /^[a-z]+:\/\/([^/]+)/.exec(settings['fs.defaultFS'] ?? '') ?? []
  if (authority !== '') return authority
  throw new MoraineError(
    'invalid-input',
    `${scheme}:/// names no host; write ${scheme}://host:port/..., or set fs.defaultFS`,
  )
}

type Address = { readonly host: string; readonly isSecure: boolean; readonly setting: string }

function addressUrl(address: string, { host, isSecure, setting }: Address): URL {
  const isUrl = /^https?:\/\//i.test(address)
  const [named, port = isSecure ? '9871' : '9870'] = splitPort(address)
  // An address to listen on: Hadoop's clients take the host they know.
  const reachable = named === '0.0.0.0' || named === '' ? host : named
  const text = isUrl ? address : `${isSecure ? 'https' : 'http'}://${reachable}:${port}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isWhole = isUrl || url?.pathname === '/'
  if (url !== undefined && isWhole && url.search === '' && url.username === '' && url.hostname !== '') return url
  throw new MoraineError(
    'invalid-input',
    `${setting}: ${JSON.stringify(address)} is not the HTTP address of a name node; write host:port`,
  )
}

function splitPort(authority: string): readonly [host: string, port?: string] {
  const [, host = authority, port] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? []
  return port === undefined ? [host] : [host, port]
}

function listed(value: string | undefined): readonly string[] {
  return (value ?? '').split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]))
}
