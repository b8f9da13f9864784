import type { Command } from 'commander'

export type RawServerOptions = { readonly server?: string; readonly token?: string; readonly json?: boolean }

export const SERVER_OPTION = [
  '--server <url>',
  'the running service (default: MORAINE_SERVER, or http://127.0.0.1:1630)',
] as const

/** Adds the options by which a running service is reached. */
export function withServerOptions(command: Command): Command {
  return command
    .option(...SERVER_OPTION)
    .option('--token <token>', 'bearer token (default: MORAINE_TOKEN; or MORAINE_CREDENTIAL=user:password)')
    .option('--json', 'print one JSON document')
}
