import { type ErrorKind, MoraineError } from '@moraine/stdx/error'

/**
 * A failure of DuckDB as one of ours. DuckDB's messages begin with the name of their class; what is left of a damaged
 * file is told by the texts of its Parquet reader, since most classes say no more than that something was wrong.
 */
export function duckDbError(message: string): MoraineError {
  const [line = ''] = message.split('\n')
  const kind = KINDS.find(([pattern]) => pattern.test(message))?.[1] ?? 'internal'
  return new MoraineError(kind, `DuckDB: ${line}${REMEDIES[kind] ?? ''}`)
}

// In order: the first that matches decides.
const KINDS: readonly (readonly [RegExp, ErrorKind])[] = [
  [/^INTERRUPT Error/, 'aborted'],
  [/No space left on device|Out of Memory Error|could not allocate|max_temp_directory_size/i, 'exhausted'],
  [/Permission denied|Read-only file system/i, 'permission'],
  [/^Not implemented Error|^Permission Error|Unsupported compression codec/, 'unsupported'],
  [/^(Binder|Parser|Catalog|Syntax) Error/, 'internal'],
  [
    /^(IO|Invalid Input|Invalid|Conversion|Serialization|Out of Range|TransactionContext|INTERNAL|FATAL) Error/,
    'corrupt',
  ],
]

const REMEDIES: Partial<Record<ErrorKind, string>> = {
  exhausted: ' (give the children more memory, or the work directory more space)',
}
