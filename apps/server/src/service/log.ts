/** The part of a pino logger that is used; fields first, then a sentence. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} }
