import { isIP } from 'node:net'
import { DURATION_FORM, parseDurationText } from '@moraine/stdx/duration-text'
import { MoraineError } from '@moraine/stdx/error'
import { humanDuration } from '@moraine/stdx/human-text'

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
export function durationSetting({ min = 0, ...rest }: Described & { readonly min?: number }): Setting<number> {
  return {
    ...rest,
    parse(text) {
      const ms = parseDuration(rest.key, text)
      if (ms >= min) return ms
      throw wrong(rest.key, text, `at least ${humanDuration(min)}`)
    },
  }
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

/** One without a default: `undefined` where it is not set. */
export function optionalIntegerSetting(
  described: Omit<Described, 'defaultText'> & { readonly min: number; readonly max: number },
): Setting<number | undefined> {
  const { parse, ...setting } = integerSetting({ ...described, defaultText: '' })
  return { ...setting, parse: (text) => (text.trim() === '' ? undefined : parse(text)) }
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

/** Addresses and networks such as `10.0.0.0/8`, with commas between them. */
export function networksSetting(described: Described): Setting<readonly string[]> {
  return {
    ...described,
    parse(text) {
      const networks = text.split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]))
      if (networks.every(isNetwork)) return networks
      throw wrong(described.key, text, 'addresses and networks such as 10.0.0.5, 10.1.0.0/16 or fd00::/8, with commas')
    },
  }
}

/** All addresses at once are none: that would be to believe anybody. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || rest.length > 0) return false
  if (bits === undefined) return true
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
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

function parseDuration(key: string, text: string): number {
  const ms = parseDurationText(text)
  if (ms !== undefined) return ms
  throw wrong(key, text, DURATION_FORM)
}

function wrong(key: string, text: string, wanted: string): MoraineError {
  return new MoraineError('invalid-input', `setting ${key} is '${text}': it must be ${wanted}`)
}
