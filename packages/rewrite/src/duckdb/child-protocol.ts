/**
 * What the parent asks of a DuckDB child, one command at a time, and what each is answered with. Messages travel over
 * Node's IPC channel with `serialization: 'advanced'`, so bigints and typed arrays pass as they are.
 */
export type ChildCommand =
  /** A fresh database that reads and writes inside the task directory and nowhere else. */
  | { readonly kind: 'open'; readonly taskDirectory: string; readonly memoryLimitBytes: number }
  /** Statements whose rows nobody wants. */
  | { readonly kind: 'run'; readonly sql: string }
  /** A small result: rows of plain values. Progress is reported while it runs. */
  | { readonly kind: 'query'; readonly sql: string }
  /** Appends keys to a table with one BIGINT column. */
  | { readonly kind: 'append-keys'; readonly table: string; readonly keys: BigInt64Array }
  /** One BIGINT column as a typed array. */
  | { readonly kind: 'read-keys'; readonly sql: string }
  | { readonly kind: 'close' }

export type ChildReply = {
  readonly open: ChildLoad
  readonly run: undefined
  readonly query: readonly SqlRow[]
  readonly 'append-keys': undefined
  readonly 'read-keys': BigInt64Array
  readonly close: ChildLoad
}

/** Values as the binding's plain JavaScript conversion gives them; 64-bit integers are bigints. */
export type SqlRow = Readonly<Record<string, unknown>>

export type ParentMessage =
  | { readonly type: 'command'; readonly id: number; readonly command: ChildCommand }
  /** Stops the running command; it fails with an interruption. */
  | { readonly type: 'interrupt' }

export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly value: ChildReply[ChildCommand['kind']] }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }
  | { readonly type: 'heartbeat'; readonly load: ChildLoad; readonly progress?: number }

/** What the child process has used since it started. */
export type ChildLoad = { readonly cpuMs: number; readonly rssBytes: number; readonly peakRssBytes: number }
