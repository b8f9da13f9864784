import { createHash } from 'node:crypto'
import { parseDeleteObjects } from './delete-objects-body.ts'
import { parseS3Address, type S3Address, type S3Hosts } from './s3-address.ts'
import { holdsKey } from './s3-prefix.ts'
import type { SessionScope } from './session-policy.ts'

/** A request to S3 that a client wants signed. */
export type RequestToSign = {
  readonly method: string
  readonly uri: string
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** Of bulk deletions only. */
  readonly body?: string
}

export type SigningDecision =
  | {
      readonly kind: 'sign'
      readonly address: S3Address
      /** Those of the client that are signed. */
      readonly headers: Readonly<Record<string, string>>
      readonly payload: string
      readonly isRead: boolean
      /** Whether the same signature is good for the same method and URL again. */
      readonly isRepeatable: boolean
    }
  | { readonly kind: 'refuse'; readonly why: string }

/**
 * Whether a request stays within a table's files and does what its reader or writer may do: to get, put and delete objects,
 * to upload in parts, and to list. What is not known here is refused, parameters and headers included.
 */
export function decideSigning(request: RequestToSign, scope: SessionScope, hosts: S3Hosts): SigningDecision {
  const address = parseS3Address(request.uri, hosts)
  if (typeof address === 'string') return refuse(address)
  const operation = operationOf(request.method, address)
  if (operation === undefined) return refuse(`${request.method} with these parameters is not signed`)
  const headers = signedHeaders(request, scope, operation)
  if (typeof headers === 'string') return refuse(headers)
  const why = operation.mayBe({ address, scope, body: request.body })
  if (why !== undefined) return refuse(why)
  const payload = payloadOf(request, operation)
  if (payload === undefined)
    return refuse('what it says of its body (x-amz-content-sha256) is nothing that can be signed here')
  const signed = Object.keys(headers)
  const isRepeatable = operation.isRead && signed.every((name) => name === 'x-amz-checksum-mode')
  return { kind: 'sign', address, headers, payload, isRead: operation.isRead, isRepeatable }
}

type Asked = { readonly address: S3Address; readonly scope: SessionScope; readonly body: string | undefined }

type Operation = {
  readonly isRead: boolean
  readonly takesCopy?: true
  readonly hashesBody?: true
  /** Parameters that have to be there, and those that may be there as well. */
  readonly needs: readonly string[]
  readonly takes: readonly string[]
  /** Why not; `undefined` if it may be. */
  mayBe(asked: Asked): string | undefined
}

const readsObject = ({ address: { bucket, key }, scope }: Asked) =>
  holdsKey(scope.read, bucket, key) ? undefined : `${bucket}/${key} is not a file of the table`

const writesObject = (asked: Asked) =>
  readsObject(asked) ??
  (holdsKey(asked.scope.write, asked.address.bucket, asked.address.key)
    ? undefined
    : 'it writes, which takes a role with the privilege write-table')

const lists = ({ address: { bucket, query }, scope }: Asked) =>
  holdsKey(scope.read, bucket, query['prefix'] ?? '')
    ? undefined
    : `it lists ${bucket}/${query['prefix'] ?? ''}, which is more than the files of the table`

function deletes({ address: { bucket }, scope, body }: Asked): string | undefined {
  const keys = body === undefined ? undefined : parseDeleteObjects(body)
  if (keys === undefined) return 'a bulk deletion needs its body, of up to 1000 keys without versions'
  const other = keys.find((key) => !holdsKey(scope.read, bucket, key) || isOdd(key))
  if (other !== undefined) return `${bucket}/${other} is not a file of the table`
  return keys.every((key) => holdsKey(scope.write, bucket, key))
    ? undefined
    : 'it writes, which takes a role with the privilege write-table'
}

function isOdd(key: string): boolean {
  return key
    .split('/')
    .some((segment, at, all) => segment === '.' || segment === '..' || (segment === '' && at < all.length - 1))
}

const LISTING = [
  'prefix',
  'delimiter',
  'max-keys',
  'start-after',
  'continuation-token',
  'encoding-type',
  'fetch-owner',
  'marker',
  'list-type',
]

const OF_OBJECT: Readonly<Record<string, readonly Operation[]>> = {
  GET: [
    { isRead: true, needs: [], takes: [], mayBe: readsObject },
    { isRead: true, needs: ['uploadId'], takes: ['max-parts', 'part-number-marker'], mayBe: writesObject },
  ],
  HEAD: [{ isRead: true, needs: [], takes: [], mayBe: readsObject }],
  PUT: [
    { isRead: false, takesCopy: true, needs: [], takes: [], mayBe: writesObject },
    { isRead: false, takesCopy: true, needs: ['partNumber', 'uploadId'], takes: [], mayBe: writesObject },
  ],
  POST: [
    { isRead: false, needs: ['uploads'], takes: [], mayBe: writesObject },
    { isRead: false, needs: ['uploadId'], takes: [], mayBe: writesObject },
  ],
  DELETE: [
    { isRead: false, needs: [], takes: [], mayBe: writesObject },
    { isRead: false, needs: ['uploadId'], takes: [], mayBe: writesObject },
  ],
}

const OF_BUCKET: Readonly<Record<string, readonly Operation[]>> = {
  GET: [{ isRead: true, needs: ['prefix'], takes: LISTING, mayBe: lists }],
  POST: [{ isRead: false, hashesBody: true, needs: ['delete'], takes: [], mayBe: deletes }],
}

function operationOf(method: string, { key, query }: S3Address): Operation | undefined {
  const operations = key === '' ? OF_BUCKET : OF_OBJECT
  const names = Object.keys(query).filter((name) => name !== 'x-id')
  return (Object.hasOwn(operations, method) ? operations[method] : undefined)?.find(
    ({ needs, takes }) =>
      needs.every((name) => names.includes(name)) &&
      names.every((name) => needs.includes(name) || takes.includes(name)),
  )
}

/** What a writer of files sends; ACLs, locks, tags, redirections and the like are not among them. */
const TAKEN =
  /^x-amz-(checksum-[a-z0-9-]+|sdk-checksum-algorithm|trailer|decoded-content-length|meta-[a-z0-9_.-]+|storage-class|server-side-encryption(-[a-z-]+)?|copy-source(-if-[a-z-]+|-range)?|metadata-directive|user-agent|expected-bucket-owner|mp-object-size|te)$/

/** What the signature sets anew. */
const SET = /^x-amz-(content-sha256|date|security-token)$/

function signedHeaders(
  { headers }: RequestToSign,
  scope: SessionScope,
  { takesCopy, isRead }: Operation,
): Readonly<Record<string, string>> | string {
  const signed: Record<string, string> = {}
  for (const [name, values] of Object.entries(headers)) {
    const [value = '', ...more] = values
    if (name.startsWith('x-amz-')) {
      if (SET.test(name)) continue
      if (!TAKEN.test(name) || more.length > 0) return `its header ${name} is not signed`
      if (name.startsWith('x-amz-copy-source') && takesCopy !== true) return `its header ${name} is not signed`
      if (name === 'x-amz-copy-source' && !copiesWithin(value, scope))
        return 'it copies what is not a file of the table'
      signed[name] = value
    } else if (!isRead && more.length === 0 && (name === 'content-type' || name === 'content-md5')) {
      signed[name] = value
    }
  }
  return signed
}

function copiesWithin(source: string, scope: SessionScope): boolean {
  if (source.includes('?') || source.includes('+')) return false
  const from = parseS3Address(`https://source/${source.replace(/^\//, '')}`, {
    endpoint: new URL('https://source'),
    region: '',
  })
  return typeof from !== 'string' && from.key !== '' && holdsKey(scope.read, from.bucket, from.key)
}

function payloadOf({ headers, body }: RequestToSign, { hashesBody, isRead }: Operation): string | undefined {
  const given = headers['x-amz-content-sha256']?.[0]
  if (hashesBody === true) {
    const hash = createHash('sha256')
      .update(body ?? '')
      .digest('hex')
    return given === undefined || given === hash ? hash : undefined
  }
  if (given === undefined) return isRead ? EMPTY : 'UNSIGNED-PAYLOAD'
  return /^([\da-f]{64}|UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER)$/.test(given) ? given : undefined
}

const EMPTY = createHash('sha256').digest('hex')

function refuse(why: string): SigningDecision {
  return { kind: 'refuse', why }
}
