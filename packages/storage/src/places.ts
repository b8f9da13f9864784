import { isKind } from '@moraine/stdx/error'
import { canonicalLocation, canonicalScheme, type Location, parseLocation } from './location.ts'

/*
 * Whose place something is, there are two ways to ask. What may be taken into use or removed has to lie in its owner's folder
 * for certain, by the text of both: `liesIn`. What somebody else might have must not be touched if it could be theirs by any
 * name that the store answers to: `mayLieIn`. One never stands for the other.
 */

/** Whether there can be something at it. Names of warehouses, and what was stored before anybody looked, may be other texts. */
export function isLocation(text: string): boolean {
  try {
    parseLocation(text)
    return true
  } catch (error) {
    if (isKind(error, 'invalid-input')) return false
    throw error
  }
}

/** The folder that a file, or a folder, is in, as it is spelled and with a slash; empty for what has no slash. */
export function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1)
}

/**
 * Whether a location is the folder, or lies below it, for certain: in the same store by the same name, however the two are
 * spelled.
 *
 * @throws {MoraineError} `invalid-input` if one is no location
 */
export function liesIn(location: string, folder: string): boolean {
  return isBelow(canonicalLocation(location).replace(/\/$/, ''), canonicalLocation(folder).replace(/\/$/, ''))
}

/**
 * One text, without a slash at its end, for all names by which stores may answer for the same place: for finding who has it.
 * Two places may share it, which only keeps somebody from a place; it is no location, and nothing is opened by it.
 *
 * - HDFS answers to its name service, each name node with and without a port, the HTTP port of WebHDFS, a gateway, and no
 *   name at all (`fs.defaultFS`): the path alone counts.
 * - Buckets go by their names alone: most clouds' stores speak S3's protocol too, and other Hadoop clients write the endpoint
 *   behind the bucket (`oss://bucket.oss-cn-hangzhou.aliyuncs.com`).
 * - Azure's answer to `dfs` and `blob` hosts, in upper and lower case: container and account count.
 *
 * @throws {MoraineError} `invalid-input` for what is no location
 */
export function placeOf(location: string): string {
  const parsed = parseLocation(location)
  const segments = parsed.path.split('/').filter((segment) => segment !== '')
  return [storeOf(parsed), ...segments].join('/')
}

/**
 * Whether a location could be the folder, or lie below it, see {@link placeOf}.
 *
 * @throws {MoraineError} `invalid-input` if one is no location
 */
export function mayLieIn(location: string, folder: string): boolean {
  return isBelow(placeOf(location), placeOf(folder))
}

/** @throws {MoraineError} `invalid-input` if one is no location */
export function maySharePlace(a: string, b: string): boolean {
  return placeOf(a) === placeOf(b)
}

/** Of two texts that are made in one way and have no slash at their ends: `/a/bc` is not below `/a/b`. */
export function isBelow(place: string, folder: string): boolean {
  return `${place}/`.startsWith(`${folder}/`)
}

function storeOf({ scheme, authority }: Location): string {
  const canonical = canonicalScheme(scheme)
  switch (canonical) {
    case 'file':
      return ''
    case 'hdfs':
    case 'webhdfs':
    case 'swebhdfs':
      return 'hdfs://'
    case 's3':
    case 'gs':
    case 'obs':
      return `s3://${authority}`
    case 'oss':
    case 'cos':
      // Their buckets have no dots.
      return `s3://${authority.replace(/\..*/, '')}`
    case 'abfs':
    case 'wasb': {
      const [container = '', host = ''] = authority.toLowerCase().split('@')
      return `abfs://${container}@${host.replace(/\..*/, '')}`
    }
    default:
      return `${canonical}://${authority}`
  }
}
