/**
 * A column or partition name as an Avro name, as the reference implementation makes it: letters, digits and `_` stay, a
 * leading digit gets a `_`, any other UTF-16 unit becomes `_x` and its hexadecimal code.
 */
export function avroName(name: string): string {
  let result = ''
  for (let at = 0; at < name.length; at += 1) {
    const unit = name.charAt(at)
    if (unit === '_' || LETTER.test(unit) || (at > 0 && DIGIT.test(unit))) result += unit
    else if (DIGIT.test(unit)) result += `_${unit}`
    else result += `_x${name.charCodeAt(at).toString(16).toUpperCase()}`
  }
  return result
}

const LETTER = /^\p{L}$/u
const DIGIT = /^\p{Nd}$/u
