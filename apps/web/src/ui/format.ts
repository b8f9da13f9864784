import type { Language } from '../i18n/language.tsx'

/** Figures as people of a language write them. */
export type Formats = {
  count(value: number): string
  /** Of 1,024 each. */
  bytes(value: number): string
  /** A day and a time, with the zone that it is in. */
  moment(epochMs: number): string
  /** The largest unit and the next one. */
  duration(ms: number): string
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

export function formatsIn(language: Language): Formats {
  const count = new Intl.NumberFormat(language)
  const size = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 })
  const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'long' })
  const unit = (value: number, name: 'day' | 'hour' | 'minute' | 'second') =>
    new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value)
  return {
    count: (value) => count.format(value),
    bytes(value) {
      const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10))
      return `${size.format(value / 1024 ** power)} ${UNITS[power]}`
    },
    moment: (epochMs) => moment.format(epochMs),
    duration(ms) {
      const seconds = Math.max(0, Math.round(ms / 1000))
      const [days, hours, minutes] = [
        Math.floor(seconds / 86_400),
        Math.floor(seconds / 3600) % 24,
        Math.floor(seconds / 60) % 60,
      ]
      if (days > 0) return `${unit(days, 'day')} ${unit(hours, 'hour')}`
      if (hours > 0) return `${unit(hours, 'hour')} ${unit(minutes, 'minute')}`
      if (minutes > 0) return `${unit(minutes, 'minute')} ${unit(seconds % 60, 'second')}`
      return unit(seconds, 'second')
    },
  }
}
