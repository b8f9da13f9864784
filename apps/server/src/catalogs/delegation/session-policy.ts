import type { S3Prefix } from './s3-prefix.ts'

/** What a session of a role may do with a table's files. */
export type SessionScope = {
  readonly read: readonly S3Prefix[]
  readonly write: readonly S3Prefix[]
}

/**
 * The session policy, JSON, that leaves a role no more than the scope. `undefined` if it cannot say so: `*`, `?` and `${` in
 * a resource stand for more than themselves, and not all servers know a way to write them otherwise.
 */
export function sessionPolicy(
  { read, write }: SessionScope,
  { region, kmsKey }: { readonly region: string; readonly kmsKey: string | undefined },
): string | undefined {
  if ([...read, ...write].some(({ key }) => /[*?$]/.test(key))) return undefined
  const arn = `arn:${partitionOf(region)}:s3:::`
  const objects = (prefixes: readonly S3Prefix[]) => prefixes.map(({ bucket, key }) => `${arn}${bucket}/${key}*`)
  const allow = (actions: readonly string[], resources: readonly string[], more: object = {}) =>
    resources.length === 0 ? [] : [{ Effect: 'Allow', Action: actions, Resource: resources, ...more }]
  const buckets = [...new Set(read.map(({ bucket }) => bucket))]
  const listing = buckets.flatMap((bucket) => {
    const keys = read.filter((prefix) => prefix.bucket === bucket).map(({ key }) => `${key}*`)
    return allow(['s3:ListBucket'], [`${arn}${bucket}`], { Condition: { StringLike: { 's3:prefix': keys } } })
  })
  const kms = kmsKey === undefined ? [] : [kmsKey]
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      ...allow(['s3:GetObject'], objects(read)),
      ...allow(WRITING, objects(write)),
      ...listing,
      ...allow(['kms:Decrypt', ...(write.length === 0 ? [] : ['kms:GenerateDataKey'])], kms),
    ],
  })
}

const WRITING = ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts']

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}
