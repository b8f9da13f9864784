import { MoraineError } from '@moraine/stdx/error'

/** How the command line names a table. */
export type TableRef =
  | { readonly kind: 'directory'; readonly location: string }
  | { readonly kind: 'metadata-file'; readonly location: string }
  | { readonly kind: 'identifier'; readonly levels: readonly string[] }

/**
 * Anything with a slash is a location: a metadata file if it ends in `.metadata.json` (or its gzip forms), else a table
 * directory. The rest is a dotted name; a level that holds a dot or a slash is put in double quotes or backquotes.
 */
export function parseTableRef(text: string): TableRef {
  if (text.trim() === '')
    throw new MoraineError('invalid-input', 'the table is empty: give a directory, a metadata file or a name')
  const bare = text.replaceAll(QUOTED, '')
  if (/\.metadata\.json(\.gz)?$/.test(bare)) return { kind: 'metadata-file', location: text }
  if (bare.includes('/') || text === '.' || text === '..')
    return { kind: 'directory', location: text.replace(/(?<=.)\/+$/, '') }
  return { kind: 'identifier', levels: parseLevels(text, 'table name') }
}

/** Quoted levels of a name: after its start or a dot, up to a dot or its end. */
const QUOTED = /(?<=^|\.)\s*(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`)\s*(?=\.|$)/g

/**
 * The levels of a dotted name.
 *
 * @param what for messages: `table name`
 */
export function parseLevels(text: string, what: string): readonly string[] {
  const levels: string[] = []
  const level = /\s*(?:"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|([^."`]+))\s*(\.|$)/y
  while (level.lastIndex < text.length) {
    const at = level.lastIndex
    const match = level.exec(text)
    if (match === null)
      throw new MoraineError('invalid-input', `'${text}' is no ${what}: it cannot be read from character ${at + 1}`)
    levels.push(match[1]?.replaceAll('""', '"') ?? match[2]?.replaceAll('``', '`') ?? match[3]?.trim() ?? '')
    if (match[4] === '') break
    if (level.lastIndex === text.length) levels.push('')
  }
  if (levels.length === 0 || levels.some((each) => each === ''))
    throw new MoraineError('invalid-input', `'${text}' is no ${what}: a part of it is empty`)
  return levels
}
