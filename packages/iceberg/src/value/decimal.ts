/** A decimal value: `unscaled` times ten to the power of minus `scale`. */
export type Decimal = { readonly unscaled: bigint; readonly scale: number }

/**
 * The text of a decimal as the reference implementation writes it (Java's `BigDecimal.toString`): plain while the scale
 * is not negative and the value not tiny, else with an exponent, so that the scale can always be read back.
 */
export function formatDecimal({ unscaled, scale }: Decimal): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString()
  const exponent = digits.length - 1 - scale
  if (scale === 0) return sign + digits
  if (scale > 0 && exponent >= -6) {
    const padded = digits.padStart(scale + 1, '0')
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
  }
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
  if (exponent === 0) return sign + mantissa
  return `${sign}${mantissa}E${exponent > 0 ? '+' : ''}${exponent}`
}

/** Reads `14.20` or `2E+20`; the scale is that of the text. `undefined` if it is no decimal of at most 1,000 digits. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = /^([+-]?)(\d{0,1000})(?:\.(\d{0,1000}))?(?:[eE]([+-]?\d{1,6}))?$/.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  if (whole.length + fraction.length === 0) return undefined
  const magnitude = BigInt(whole + fraction)
  return { unscaled: sign === '-' ? -magnitude : magnitude, scale: fraction.length - Number(exponent) }
}

/** How many decimal digits the unscaled value has; 1 for zero. */
export function decimalPrecision(unscaled: bigint): number {
  return (unscaled < 0n ? -unscaled : unscaled).toString().length
}

/** Two's complement, big-endian, in the fewest bytes that keep the sign (table spec, Appendices B and D). */
export function encodeDecimal(unscaled: bigint): Uint8Array {
  const bits = (unscaled < 0n ? -unscaled - 1n : unscaled).toString(2).length
  const bytes = new Uint8Array(unscaled === 0n || unscaled === -1n ? 1 : Math.floor(bits / 8) + 1)
  let rest = unscaled
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    bytes[at] = Number(BigInt.asUintN(8, rest))
    rest >>= 8n
  }
  return bytes
}

/** Reads what {@link encodeDecimal} writes, padded or not. No bytes are 0. */
export function decodeDecimal(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`))
}
