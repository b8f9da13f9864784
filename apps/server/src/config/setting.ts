import { MoraineError } from '@moraine/stdx/error'

/** One setting of the service: its key under `ams.` in `config.yaml`, and what it means. */
export type Setting<T> = {
  readonly key: string
  /** Spellings of earlier Amoro versions, and how their value is read. */
  readonly oldKeys?: readonly { readonly key: string; readonly unitMs?: number }[]
  /** As it would be written. */
  readonly defaultText: string
  readonly meaning: string
  readonly parse: (text: string) => T
}

type Described = Omit<Setting<unknown>, 'parse'>

/** An integer with `ms`, `s`, `min`, `h` or `d`; milliseconds without a unit, as in Amoro. */
export function durationSetting(described: Described): Setting<number> {
  return { ...described, parse: (text) => parseDuration(described.key, text) }
}

export function integerSetting(described: Described & { readonly min: number; readonly max: number }): Setting<number> {
  const { min, max, ...rest } = described
  return {
    ...rest,
    parse(text) {
      const value = Number(text)
      if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value
      throw wrong(described.key, text, `a whole number from ${min} to ${max}`)
    },
  }
}

export function booleanSetting(described: Described): Setting<boolean> {
  return {
    ...described,
    parse(text) {
      const lower = text.trim().toLowerCase()
      if (lower === 'true' || lower === 'false') return lower === 'true'
      throw wrong(described.key, text, 'true or false')
    },
  }
}

export function textSetting(described: Described): Setting<string> {
  return { ...described, parse: (text) => text.trim() }
}

export function choiceSetting<const Choice extends string>(
  described: Described & { readonly choices: readonly Choice[] },
): Setting<Choice> {
  const { choices, ...rest } = described
  return {
    ...rest,
    parse(text) {
      const chosen = choices.find((each) => each === text.trim().toLowerCase())
      if (chosen !== undefined) return chosen
      throw wrong(described.key, text, `one of ${choices.join(', ')}`)
    },
  }
}

const UNITS: readonly (readonly [number, readonly string[]])[] = [
  [1, ['', 'ms', 'milli', 'millis', 'millisecond', 'milliseconds']],
  [1000, ['s', 'sec', 'secs', 'second', 'seconds']],
  [60_000, ['min', 'mins', 'minute', 'minutes']],
  [3_600_000, ['h', 'hour', 'hours']],
  [86_400_000, ['d', 'day', 'days']],
]

function parseDuration(key: string, text: string): number {
  const match = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(text)
  const unit = UNITS.find(([, names]) => names.includes(match?.[2]?.toLowerCase() ?? 'none'))
  const value = Number(match?.[1]) * (unit?.[0] ?? Number.NaN)
  if (Number.isSafeInteger(value)) return value
  throw wrong(key, text, 'a duration such as 30s, 5min, 1h or 7d')
}

function wrong(key: string, text: string, wanted: string): MoraineError {
  return new MoraineError('invalid-input', `setting ${key} is '${text}': it must be ${wanted}`)
}
