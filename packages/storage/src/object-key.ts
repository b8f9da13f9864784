import { MoraineError } from '@moraine/stdx/error'

/**
 * Refuses a key (or the beginning of one) that opendal would take for another: it drops repeated and leading slashes and
 * space at both ends, and S3's listings cannot carry U+FFFE and U+FFFF. So with what the store itself would take for
 * another, which is what `confused` finds. Removing such an object would remove its neighbour.
 */
export function checkObjectKey(location: string, key: string, confused?: RegExp): void {
  if (confused?.test(key)) {
    throw new MoraineError('unsupported', `${location} cannot be used: the store would take it for another name`)
  }
  if (!/^\/|\/\/|^\p{White_Space}|\p{White_Space}$|[\ufffe\uffff]/u.test(key)) return
  throw new MoraineError(
    'unsupported',
    `${location} cannot be used: the object-store client would take it for another name, since it has an empty part, space at its beginning or end, or a noncharacter`,
  )
}
