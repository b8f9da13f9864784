import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { MoraineError } from '@moraine/stdx/error'
import { isPathStyle } from './s3-path-style.ts'
import { encodeForS3, type S3Credentials, signS3Request } from './s3-signature.ts'
import type { StorageSettings } from './settings.ts'

/**
 * Ends all unfinished uploads in parts of a key, which opendal leaves open and S3 charges for. Does nothing without keys
 * in the settings: then only opendal knows the credentials. Another writer of the same key loses its upload, too, and is
 * told so at its end.
 *
 * @throws {MoraineError} `unavailable`, `timeout` or `permission`
 */
export async function endS3Uploads(
  bucket: string,
  key: string,
  settings: StorageSettings,
  clock: Clock,
): Promise<void> {
  const credentials = credentialsOf(settings)
  if (credentials === undefined) return
  const send = (method: string, path: string, query: Readonly<Record<string, string>>) => {
    const url = requestUrl(bucket, path, query, settings, credentials.region)
    return request(method, url, credentials, clock)
  }
  // A part that is on its way while its upload is ended may keep it open: S3 asks to look again.
  for (let round = 0; round < ROUNDS; round += 1) {
    const listed = await send('GET', '', { 'encoding-type': 'url', prefix: key, uploads: '' })
    const own = uploadsIn(listed).filter((upload) => upload.key === key)
    if (own.length === 0) return
    for (const { id } of own) await send('DELETE', key, { uploadId: id })
  }
}

const ROUNDS = 3
const REQUEST_MS = 30_000
const REMEDY = 'check the store and the network'

function credentialsOf(settings: StorageSettings): S3Credentials | undefined {
  const accessKeyId = settings['s3.access-key-id']
  const secretAccessKey = settings['s3.secret-access-key']
  const sessionToken = settings['s3.session-token']
  // With a role to assume, these are not the credentials of the uploads.
  if (accessKeyId === undefined || secretAccessKey === undefined || settings['client.assume-role.arn'] !== undefined) {
    return undefined
  }
  const region = settings['client.region'] ?? settings['s3.region'] ?? 'us-east-1'
  return { accessKeyId, secretAccessKey, region, ...(sessionToken !== undefined && { sessionToken }) }
}

/** `query` in order of its names. */
function requestUrl(
  bucket: string,
  key: string,
  query: Readonly<Record<string, string>>,
  settings: StorageSettings,
  region: string,
): URL {
  const url = new URL(settings['s3.endpoint'] ?? `https://s3.${region}.amazonaws.com`)
  const path = key.split('/').map(encodeForS3).join('/')
  if (isPathStyle(settings)) {
    url.pathname = `/${bucket}/${path}`
  } else {
    url.hostname = `${bucket}.${url.hostname}`
    url.pathname = `/${path}`
  }
  url.search = Object.entries(query)
    .map(([name, value]) => `${encodeForS3(name)}=${encodeForS3(value)}`)
    .join('&')
  return url
}

async function request(method: string, url: URL, credentials: S3Credentials, clock: Clock): Promise<string> {
  const doing = `${method} of the uploads of ${url.origin}${url.pathname}`
  const headers = signS3Request(method, url, credentials, clock.now())
  return withinDeadline(clock, { ms: REQUEST_MS, what: doing, remedy: REMEDY }, async (signal) => {
    try {
      const response = await fetch(url, { method, headers, signal })
      const text = await response.text()
      // An upload that is gone is one less to end.
      if (response.ok || (method === 'DELETE' && response.status === 404)) return text
      const kind = response.status === 403 ? 'permission' : 'unavailable'
      throw new MoraineError(kind, `${doing} failed: ${response.status} ${text.slice(0, 500)}`)
    } catch (cause) {
      if (cause instanceof MoraineError) throw cause
      throw new MoraineError('unavailable', `${doing} failed`, { cause })
    }
  })
}

type Upload = { readonly key: string; readonly id: string }

function uploadsIn(xml: string): readonly Upload[] {
  return [...xml.matchAll(/<Upload>(.*?)<\/Upload>/gs)].map(([, upload = '']) => ({
    key: decodeURIComponent((/<Key>(.*?)<\/Key>/s.exec(upload)?.[1] ?? '').replaceAll('+', ' ')),
    id: /<UploadId>(.*?)<\/UploadId>/s.exec(upload)?.[1] ?? '',
  }))
}
