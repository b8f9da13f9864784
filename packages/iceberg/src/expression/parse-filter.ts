import { MoraineError } from '@moraine/stdx/error'
import { allOf, anyOf, type ComparisonOp, type Expression, FALSE, negated, type Predicate, TRUE } from './expression.ts'
import type { FilterLiteral } from './filter-literal.ts'
import { filterTokens, type Token } from './filter-tokens.ts'

/** The name of a column as a filter has it: one part, or more for a field inside structs. */
export type ColumnName = readonly string[]

export type FilterExpression = Expression<ColumnName, FilterLiteral>
export type FilterPredicate = Predicate<ColumnName, FilterLiteral>

/**
 * Parses a condition in SQL, as in the table property `self-optimizing.filter`:
 *
 * - `=` `==` `!=` `<>` `<` `<=` `>` `>=` between a column and a literal, in either order
 * - `[NOT] BETWEEN a AND b`, `[NOT] IN (a, b)`, `IS [NOT] NULL`, `IS [NOT] NAN`, `[NOT] LIKE 'prefix%'`
 * - `NOT`, `AND`, `OR`, parentheses, `TRUE`, `FALSE`
 * - columns as `name`, `struct.field`, `"any name"` or in backticks
 * - literals as `5`, `-1.5e3`, `'text'`, `DATE '2024-01-31'`, `TIMESTAMP '2024-01-31 22:00:00'`, `TIME '22:00'`,
 *   `X'00ff'`; the texts of dates and times also as plain text
 *
 * `what` names the setting in errors.
 *
 * @throws {MoraineError} `invalid-input` that says what was expected, and at which position.
 */
export function parseFilter(filter: string, what: string): FilterExpression {
  const state: State = { filter, what, tokens: filterTokens(filter, what), next: 0, depth: 0 }
  const expression = parseOr(state)
  if (peek(state).kind !== 'end') throw expected(state, 'AND, OR or the end')
  return expression
}

type State = {
  readonly filter: string
  readonly what: string
  readonly tokens: readonly Token[]
  next: number
  depth: number
}

// What is parsed recurses, and so does what is done with the result.
const MAX_DEPTH = 100

function parseOr(state: State): FilterExpression {
  const operands = [parseAnd(state)]
  while (takeWord(state, 'OR')) operands.push(parseAnd(state))
  return anyOf(operands)
}

function parseAnd(state: State): FilterExpression {
  const operands = [parseNot(state)]
  while (takeWord(state, 'AND')) operands.push(parseNot(state))
  return allOf(operands)
}

function parseNot(state: State): FilterExpression {
  let isNegated = false
  while (takeWord(state, 'NOT')) isNegated = !isNegated
  const expression = parsePrimary(state)
  return isNegated ? negated(expression) : expression
}

function parsePrimary(state: State): FilterExpression {
  if (takeOperator(state, '(')) {
    state.depth += 1
    if (state.depth > MAX_DEPTH) throw problem(state, `parentheses deeper than ${MAX_DEPTH} levels`)
    const inner = parseOr(state)
    if (!takeOperator(state, ')')) throw expected(state, ')')
    state.depth -= 1
    return inner
  }
  const literal = findLiteral(state)
  if (literal === undefined) return parsePredicate(state, parseColumn(state))
  const op = findComparison(state)
  if (op !== undefined) return { op: FLIPPED[op], ref: parseColumn(state), value: literal }
  if (literal.kind === 'boolean') return literal.value ? TRUE : FALSE
  throw expected(state, 'a comparison')
}

function parsePredicate(state: State, ref: ColumnName): FilterExpression {
  const op = findComparison(state)
  if (op !== undefined) return { op, ref, value: parseLiteral(state) }
  if (takeWord(state, 'IS')) return parseIs(state, ref)
  const isNegated = takeWord(state, 'NOT')
  const test = parseTest(state, ref)
  if (test === undefined) throw expected(state, 'a comparison, BETWEEN, IN, LIKE or IS')
  return isNegated ? negated(test) : test
}

function parseIs(state: State, ref: ColumnName): FilterExpression {
  const isNegated = takeWord(state, 'NOT')
  if (takeWord(state, 'NULL')) return { op: isNegated ? 'not-null' : 'is-null', ref }
  if (takeWord(state, 'NAN')) return { op: isNegated ? 'not-nan' : 'is-nan', ref }
  throw expected(state, 'NULL or NAN')
}

function parseTest(state: State, ref: ColumnName): FilterExpression | undefined {
  if (takeWord(state, 'BETWEEN')) {
    const from = parseLiteral(state)
    if (!takeWord(state, 'AND')) throw expected(state, 'AND')
    return allOf<ColumnName, FilterLiteral>([
      { op: 'gt-eq', ref, value: from },
      { op: 'lt-eq', ref, value: parseLiteral(state) },
    ])
  }
  if (takeWord(state, 'IN')) {
    if (!takeOperator(state, '(')) throw expected(state, '(')
    const values = [parseLiteral(state)]
    while (takeOperator(state, ',')) values.push(parseLiteral(state))
    if (!takeOperator(state, ')')) throw expected(state, ', or )')
    return { op: 'in', ref, values }
  }
  return takeWord(state, 'LIKE') ? parseLike(state, ref) : undefined
}

function parseLike(state: State, ref: ColumnName): FilterExpression {
  const token = peek(state)
  const pattern = token.kind === 'string' ? token.value : ''
  if (!/^[^%_]*%?$/.test(pattern) || token.kind !== 'string') throw expected(state, "a prefix such as 'abc%'")
  state.next += 1
  return pattern.endsWith('%')
    ? { op: 'starts-with', ref, value: { kind: 'string', text: pattern.slice(0, -1) } }
    : { op: 'eq', ref, value: { kind: 'string', text: pattern } }
}

const COMPARISONS: Readonly<Record<string, ComparisonOp>> = {
  '=': 'eq',
  '==': 'eq',
  '!=': 'not-eq',
  '<>': 'not-eq',
  '<': 'lt',
  '<=': 'lt-eq',
  '>': 'gt',
  '>=': 'gt-eq',
}

const FLIPPED = {
  eq: 'eq',
  'not-eq': 'not-eq',
  lt: 'gt',
  'lt-eq': 'gt-eq',
  gt: 'lt',
  'gt-eq': 'lt-eq',
  'starts-with': 'starts-with',
  'not-starts-with': 'not-starts-with',
} as const satisfies Record<ComparisonOp, ComparisonOp>

function findComparison(state: State): ComparisonOp | undefined {
  const token = peek(state)
  const op = token.kind === 'operator' ? COMPARISONS[token.text] : undefined
  if (op !== undefined) state.next += 1
  return op
}

function parseColumn(state: State): ColumnName {
  const parts = [parseNamePart(state)]
  while (takeOperator(state, '.')) parts.push(parseNamePart(state))
  return parts
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'AND',
  'OR',
  'NOT',
  'IN',
  'IS',
  'BETWEEN',
  'LIKE',
  'NULL',
  'NAN',
  'TRUE',
  'FALSE',
])

function parseNamePart(state: State): string {
  const token = peek(state)
  if (token.kind === 'identifier' || (token.kind === 'word' && !KEYWORDS.has(token.upper))) {
    state.next += 1
    return token.kind === 'identifier' ? token.value : token.text
  }
  throw expected(state, 'a column')
}

function parseLiteral(state: State): FilterLiteral {
  const literal = findLiteral(state)
  if (literal !== undefined) return literal
  if (isWord(peek(state), 'NULL')) throw problem(state, 'NULL cannot be compared with; use IS NULL')
  throw expected(state, 'a literal')
}

const TYPED = { DATE: 'date', TIME: 'time', TIMESTAMP: 'timestamp', DECIMAL: 'number', X: 'binary' } as const

function findLiteral(state: State): FilterLiteral | undefined {
  const token = peek(state)
  const following = state.tokens[state.next + 1]
  if (token.kind === 'string' || token.kind === 'number') {
    state.next += 1
    return token.kind === 'number' ? { kind: 'number', text: token.text } : { kind: 'string', text: token.value }
  }
  if ((token.text === '-' || token.text === '+') && token.kind === 'operator' && following?.kind === 'number') {
    state.next += 2
    return { kind: 'number', text: token.text + following.text }
  }
  if (token.kind !== 'word') return undefined
  if (token.upper === 'TRUE' || token.upper === 'FALSE') {
    state.next += 1
    return { kind: 'boolean', value: token.upper === 'TRUE' }
  }
  if (!Object.hasOwn(TYPED, token.upper) || following?.kind !== 'string') return undefined
  state.next += 2
  return { kind: TYPED[token.upper as keyof typeof TYPED], text: following.value }
}

function peek(state: State): Token {
  return state.tokens[state.next] ?? { kind: 'end', at: state.filter.length + 1, text: 'the end' }
}

function isWord(token: Token, word: string): boolean {
  return token.kind === 'word' && token.upper === word
}

function takeWord(state: State, word: string): boolean {
  const found = isWord(peek(state), word)
  if (found) state.next += 1
  return found
}

function takeOperator(state: State, operator: string): boolean {
  const token = peek(state)
  const found = token.kind === 'operator' && token.text === operator
  if (found) state.next += 1
  return found
}

function expected(state: State, wanted: string): MoraineError {
  return problem(state, `expected ${wanted}, found ${peek(state).text},`)
}

function problem({ what, filter, tokens, next }: State, message: string): MoraineError {
  const at = tokens[next]?.at ?? filter.length + 1
  return new MoraineError('invalid-input', `${what}: ${message} at position ${at} of: ${filter}`)
}
