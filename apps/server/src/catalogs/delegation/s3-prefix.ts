import { isKind } from '@moraine/stdx/error'
import { canonicalScheme, parseLocation } from '@moraine/storage/location'

/** All objects of a bucket whose keys begin with `key`: empty for all of them, else with a slash at its end. */
export type S3Prefix = { readonly bucket: string; readonly key: string }

/**
 * The prefix of what lies in a folder. `undefined` for what is no folder in S3, and for one whose name is read in more than
 * one way: with `.` or `..`, repeated slashes, or characters that no bucket has.
 */
export function parseS3Prefix(location: string): S3Prefix | undefined {
  try {
    const { scheme, authority, path } = parseLocation(location)
    const folder = path.replace(/\/$/, '')
    if (canonicalScheme(scheme) !== 's3' || !/^[A-Za-z0-9._-]+$/.test(authority)) return undefined
    if (folder.startsWith('/') || folder.endsWith('/') || folder.includes('//')) return undefined
    return { bucket: authority, key: folder === '' ? '' : `${folder}/` }
  } catch (error) {
    if (isKind(error, 'invalid-input')) return undefined
    throw error
  }
}

/** Whether all of `inner` lies in `outer`. */
export function isWithin(inner: S3Prefix, outer: S3Prefix): boolean {
  return inner.bucket === outer.bucket && inner.key.startsWith(outer.key)
}

/** Whether an object, or a listing by the key as a prefix, lies in one of the prefixes. */
export function holdsKey(prefixes: readonly S3Prefix[], bucket: string, key: string): boolean {
  return prefixes.some((prefix) => prefix.bucket === bucket && key.startsWith(prefix.key))
}

/** Without those that lie in others. */
export function withoutNested(prefixes: readonly S3Prefix[]): readonly S3Prefix[] {
  return prefixes.filter(
    (each, at) =>
      !prefixes.some(
        (other, otherAt) => otherAt !== at && isWithin(each, other) && (!isWithin(other, each) || otherAt < at),
      ),
  )
}
