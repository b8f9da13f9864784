/** One property a line, as people write them: `key=value`. What follows the first `=` is the value. */
export function textOfProperties(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')
}

/** The service says what is wrong with one, a line without `=` included: its value is empty then. */
export function propertiesOfText(text: string): Readonly<Record<string, string>> {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.includes('=') ? line.indexOf('=') : line.length
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}
