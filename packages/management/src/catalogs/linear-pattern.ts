import { MoraineError } from '@moraine/stdx/error'
import { RE2JS, RE2JSException } from 're2js'

/** Whether all of a text is what the pattern describes, in time that grows with the text's length alone. */
export type LinearPattern = (text: string) => boolean

/**
 * A regular expression in Java's words, as far as those can be judged in linear time: no back references, no possessive
 * quantifiers, no look-around but a look-ahead in the first place (`(?!tmp_).*`), which is judged by itself. No pattern and
 * no name can hold up the service.
 *
 * @param what names the setting in messages
 * @throws {MoraineError} `invalid-input` saying what is wrong, or what is not supported
 */
export function linearPattern(text: string, what: string): LinearPattern {
  if (text.length > LENGTH_MAX || text.length * (1 + repetitionsIn(text)) > EFFORT_MAX) throw tooLarge(what)
  const [, flags = '', pattern = ''] = /^(\(\?i\)|)(.*)$/s.exec(text) ?? []
  const { checks, rest } = splitLookAheads(pattern)
  const rules = checks.map(({ isWanted, ahead }) => ({ isWanted, ahead: compile(`${flags}${ahead}`, text, what) }))
  const whole = compile(`${flags}${rest}`, text, what)
  return (name) =>
    whole.matches(name) && rules.every(({ isWanted, ahead }) => ahead.matcher(name).lookingAt() === isWanted)
}

const LENGTH_MAX = 1000
/** The length times what is repeated: a bound for the time that it takes to understand the pattern. */
const EFFORT_MAX = 100_000
/** Steps for each character of a name. */
const SIZE_MAX = 2500

function compile(pattern: string, whole: string, what: string): RE2JS {
  const compiled = compiledOrFail(pattern, whole, what)
  if (compiled.programSize() > SIZE_MAX) throw tooLarge(what)
  return compiled
}

function compiledOrFail(pattern: string, whole: string, what: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause
    const remedy = NOT_LINEAR.test(whole)
      ? '; look-around (but a look-ahead in the first place), back references and possessive quantifiers are not supported: list the names that are meant'
      : ''
    const why = cause.message.replace('error parsing regexp: ', '')
    throw new MoraineError('invalid-input', `${what} is no regular expression that can be used: ${why}${remedy}`)
  }
}

const NOT_LINEAR = /\(\?<?[=!>]|\\[1-9]|\\k<|[*+?}]\+/

function tooLarge(what: string): MoraineError {
  return new MoraineError(
    'invalid-input',
    `${what} is a regular expression that is too large: write it shorter, with smaller numbers in {}, in ${LENGTH_MAX} characters at most`,
  )
}

function repetitionsIn(text: string): number {
  let sum = 0
  for (const [, least = '0', most = ''] of text.matchAll(/\{(\d{1,9})(?:,(\d{0,9}))?\}/g)) sum += Number(most || least)
  return sum
}

type LookAhead = { readonly isWanted: boolean; readonly ahead: string }

/** Those in the first place, which hold for all that follows unless that has alternatives of its own. */
function splitLookAheads(pattern: string): { readonly checks: readonly LookAhead[]; readonly rest: string } {
  const checks: LookAhead[] = []
  let rest = pattern.startsWith('^') ? pattern.slice(1) : pattern
  for (let sign = lookAheadSign(rest); sign !== undefined; sign = lookAheadSign(rest)) {
    const end = endOfGroup(rest)
    if (end === undefined) return WHOLE(pattern)
    checks.push({ isWanted: sign === '=', ahead: rest.slice(3, end) })
    rest = rest.slice(end + 1)
  }
  const isPlain = checks.length > 0 && !/^[*+?{]/.test(rest) && !hasAlternatives(rest) && !pattern.includes('\\Q')
  return isPlain ? { checks, rest } : WHOLE(pattern)
}

const WHOLE = (pattern: string) => ({ checks: [], rest: pattern })

function lookAheadSign(text: string): string | undefined {
  return /^\(\?([=!])/.exec(text)?.[1]
}

function endOfGroup(text: string): number | undefined {
  return topLevel(text).find(({ sign, depth }) => sign === ')' && depth === 0)?.index
}

function hasAlternatives(text: string): boolean {
  return topLevel(text).some(({ sign, depth }) => sign === '|' && depth === 0)
}

/** The signs that group, each with the depth it leaves; those that are escaped or in brackets are none. */
function topLevel(text: string): readonly { readonly sign: string; readonly index: number; readonly depth: number }[] {
  let depth = 0
  return [...text.matchAll(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]/gs)].flatMap(({ 0: sign, index }) => {
    if (sign === '(') depth += 1
    if (sign === ')') depth -= 1
    return sign.length === 1 ? [{ sign, index, depth }] : []
  })
}
