import { failAt, type JsonDecoder, text } from '@moraine/stdx/exact-json-decode'

/** One of a closed set of words. */
export function oneOf<const Words extends readonly string[]>(...words: Words): JsonDecoder<Words[number]> {
  return (value, place) => {
    const word = text(value, place)
    return words.includes(word) ? word : failAt(place, `is '${word}'; it must be ${words.join(' or ')}`)
  }
}
