import type { PrimitiveType } from '../schema/type.ts'
import { humanText } from '../value/human-text.ts'
import type { Literal } from '../value/literal.ts'
import type { Expression, Predicate } from './expression.ts'

/** The expression in SQL's words, for plans and explanations. */
export function formatExpression(expression: Expression<NamedRef, Literal>): string {
  if (expression.op === 'true' || expression.op === 'false') return expression.op
  if (expression.op === 'and' || expression.op === 'or') {
    return expression.operands
      .map((operand) => (operand.op === 'or' ? `(${formatExpression(operand)})` : formatExpression(operand)))
      .join(` ${expression.op} `)
  }
  return formatPredicate(expression)
}

type NamedRef = { readonly name: string; readonly type: PrimitiveType }

const WORDS = {
  eq: '=',
  'not-eq': '<>',
  lt: '<',
  'lt-eq': '<=',
  gt: '>',
  'gt-eq': '>=',
  'starts-with': 'starts with',
  'not-starts-with': 'does not start with',
  in: 'in',
  'not-in': 'not in',
  'is-null': 'is null',
  'not-null': 'is not null',
  'is-nan': 'is nan',
  'not-nan': 'is not nan',
} as const satisfies Record<Predicate<NamedRef, Literal>['op'], string>

function formatPredicate(predicate: Predicate<NamedRef, Literal>): string {
  const { ref } = predicate
  const start = `${ref.name} ${WORDS[predicate.op]}`
  if ('values' in predicate) return `${start} (${predicate.values.map((value) => shown(ref, value)).join(', ')})`
  return 'value' in predicate ? `${start} ${shown(ref, predicate.value)}` : start
}

function shown({ type }: NamedRef, value: Literal): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : humanText(type, value)
}
