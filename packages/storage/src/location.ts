import { MoraineError } from '@moraine/stdx/error'

/**
 * A location taken apart. `scheme` is in lower case, and `file` for a bare path. `authority` is what stands between
 * `//` and the next slash (a bucket, `container@account`, `host:port`), empty for files. `path` is the absolute path of
 * a file, or an object's key without the slash after the authority; a trailing slash is kept.
 */
export type Location = { readonly scheme: string; readonly authority: string; readonly path: string }

/**
 * Takes `/a/b`, `file:/a/b`, `file:///a/b` or `scheme://authority/key` apart.
 *
 * Nothing is decoded: engines write locations with the bytes of the name as they are (Hadoop's `Path`, Iceberg's
 * `S3URI`), so `%20` is three characters, and `#`, `?`, spaces and other scripts belong to the name. Of a file's path,
 * repeated slashes are dropped, since the system ignores them too; an object's key is kept as it is.
 *
 * @throws {MoraineError} `invalid-input` for a relative path, a file on another host, a `.` or `..` segment (systems and
 * HTTP clients drop them, or leave the directory by them), HDFS's `/.reserved`, a NUL character, or text that has no UTF-8 form.
 */
export function parseLocation(location: string): Location {
  if (location.includes('\0') || !location.isWellFormed())
    throw invalid(location, 'it has a character no name can have')
  if (location.startsWith('/')) return fileLocation(location, location)
  const [, scheme = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(location) ?? []
  if (scheme === '') throw invalid(location, 'it is neither an absolute path nor a URI')
  if (scheme.toLowerCase() === 'file') return fileLocation(location, fileUriPath(location, rest))
  // Hadoop also writes hdfs:/a/b, for the host that it is configured with.
  if (!rest.startsWith('/')) throw invalid(location, `write ${scheme}://, then the bucket, then the key`)
  const [, authority = '', path = ''] = /^\/\/([^/]*)(?:\/(.*))?$/s.exec(rest) ?? ['', '', rest.slice(1)]
  refuseDots(location, path)
  if (HDFS.has(scheme.toLowerCase()) && /^\/*\.reserved(\/|$)/.test(path)) {
    throw invalid(location, 'HDFS has every file below /.reserved a second time; name it as it is in its folder')
  }
  return { scheme: scheme.toLowerCase(), authority, path }
}

/**
 * One text for all spellings of a place: bare paths for files, one scheme for those that name the same store (`s3`,
 * `s3a`, `s3n`), no repeated, leading or trailing slashes in keys. Two objects whose keys differ only in repeated slashes
 * share it, so it is for finding what is referenced (where taking two for one is the safe error), never for opening. Whose
 * place it is tells `places`, since a store may answer to several names.
 */
export function canonicalLocation(location: string): string {
  const { scheme, authority, path } = parseLocation(location)
  const segments = path.split('/').filter((segment) => segment !== '')
  const store = scheme === 'file' ? '' : `${canonicalScheme(scheme)}://${authority}`
  return `${store}/${segments.join('/')}`
}

/** One scheme for those that name the same store: `s3` for `s3a`. */
export function canonicalScheme(scheme: string): string {
  return SAME_STORE.get(scheme) ?? scheme
}

export function sameLocation(a: string, b: string): boolean {
  return a === b || canonicalLocation(a) === canonicalLocation(b)
}

/**
 * The location of `relative` (`metadata/v1.json`) in `directory`, spelled as `directory` is, with one slash between.
 *
 * @throws {MoraineError} `invalid-input` if `relative` is empty or absolute or has an empty, `.` or `..` segment.
 */
export function joinLocation(directory: string, relative: string): string {
  if (relative.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new MoraineError('invalid-input', `${JSON.stringify(relative)} is not the name of something in ${directory}`)
  }
  const joined = directory.endsWith('/') ? directory + relative : `${directory}/${relative}`
  parseLocation(joined)
  return joined
}

const HDFS = new Set(['hdfs', 'webhdfs', 'swebhdfs'])

const SAME_STORE = new Map([
  ['s3a', 's3'],
  ['s3n', 's3'],
  ['gcs', 'gs'],
  ['abfss', 'abfs'],
  ['wasbs', 'wasb'],
  ['cosn', 'cos'],
])

// Java's File.toURI writes file:/a, RFC 8089 file:///a, some tools file://localhost/a.
function fileUriPath(location: string, rest: string): string {
  const [, host = '', path = rest] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? []
  if (host !== '' && host !== 'localhost')
    throw invalid(location, `${host} is another host; a local file is file:///a/b`)
  return path
}

function fileLocation(location: string, path: string): Location {
  if (!path.startsWith('/')) throw invalid(location, 'the path is not absolute')
  refuseDots(location, path)
  return { scheme: 'file', authority: '', path: path.replace(/\/+/g, '/') }
}

function refuseDots(location: string, path: string): void {
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw invalid(location, 'name it without . and .. segments')
  }
}

function invalid(location: string, why: string): MoraineError {
  return new MoraineError('invalid-input', `${JSON.stringify(location)} is not a usable location: ${why}`)
}
