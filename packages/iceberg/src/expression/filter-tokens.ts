import { MoraineError } from '@moraine/stdx/error'

/** A piece of a filter's text; `at` counts characters from 1, `text` is as written. */
export type Token = { readonly at: number; readonly text: string } & (
  | { readonly kind: 'word'; readonly upper: string }
  | { readonly kind: 'identifier'; readonly value: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number' }
  | { readonly kind: 'operator' }
  | { readonly kind: 'end' }
)

/** @throws {MoraineError} `invalid-input` that names the position of what is no part of a filter. */
export function filterTokens(filter: string, what: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < filter.length) {
    PATTERN.lastIndex = at
    const match = PATTERN.exec(filter)
    if (match === null) {
      const problem = QUOTES.has(filter[at] ?? '') ? 'a quotation without its end' : `the character ${filter[at]}`
      throw new MoraineError('invalid-input', `${what}: ${problem} at position ${at + 1} of: ${filter}`)
    }
    const token = tokenOf(match, at + 1)
    if (token !== undefined) tokens.push(token)
    at = PATTERN.lastIndex
  }
  return [...tokens, { kind: 'end', at: filter.length + 1, text: 'the end' }]
}

const PATTERN =
  /(?<blank>\s+)|(?<number>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|(?<string>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")+"|`(?:[^`]|``)+`)|(?<operator><=|>=|<>|!=|==|[=<>(),.+-])/iuy

const QUOTES: ReadonlySet<string> = new Set(["'", '"', '`'])

function tokenOf(match: RegExpExecArray, at: number): Token | undefined {
  const [text] = match
  const { number, word, string, quoted, operator } = match.groups ?? {}
  if (number !== undefined) return { kind: 'number', at, text }
  if (word !== undefined) return { kind: 'word', at, text, upper: word.toUpperCase() }
  if (string !== undefined) return { kind: 'string', at, text, value: string.slice(1, -1).replaceAll("''", "'") }
  if (quoted !== undefined) {
    const quote = quoted.charAt(0)
    return { kind: 'identifier', at, text, value: quoted.slice(1, -1).replaceAll(quote + quote, quote) }
  }
  return operator === undefined ? undefined : { kind: 'operator', at, text }
}
