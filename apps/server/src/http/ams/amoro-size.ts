const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB']

/** A size as Amoro's answers have it: `860.00B`, `51.15KB`; 1 KB is 1024 bytes. */
export function amoroSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value.toFixed(2)}${UNITS[unit]}`
}
