import type { RestTransport } from './rest-transport.ts'

/** Tokens that a server gave for requests about single tables (`token` in the `config` of LoadTableResult). */
export type TableTokens = {
  /** As the table was loaded last. */
  remember(path: string, config: Readonly<Record<string, string>> | undefined): void
  /** The same transport; requests for a table whose token is known, or below it, go with that one. */
  readonly attached: (send: RestTransport) => RestTransport
}

/** Keeps those of the tables loaded most recently; a request about another goes with the token of the catalog. */
export function tableTokens(): TableTokens {
  const tokens = new Map<string, string>()
  const find = (path: string) => tokens.get(path) ?? tokens.get(path.slice(0, path.lastIndexOf('/')))
  return {
    remember(path, config) {
      // A Map keeps the order of insertion.
      tokens.delete(path)
      const token = config?.['token']
      if (token !== undefined) tokens.set(path, token)
      if (tokens.size > TOKENS_MAX) tokens.delete(tokens.keys().next().value ?? '')
    },
    attached: (send) => (request, signal) => {
      const token = tokens.size === 0 ? undefined : find(request.path)
      return send(token === undefined ? request : { ...request, token }, signal)
    },
  }
}

const TOKENS_MAX = 10_000
