/**
 * The keys that the body of a bulk deletion (S3's `DeleteObjects`) names. Everything that two readers of XML could read
 * in two ways, and versions of objects, make it `undefined`: comments, CDATA, document types, other elements.
 */
export function parseDeleteObjects(body: string): readonly string[] | undefined {
  const whole =
    /^(?:<\?xml version="1\.0"(?: encoding="(?:UTF-8|utf-8)")?\s*\?>)?\s*<Delete(?: xmlns="[\w:/.-]*")?>(.*)<\/Delete>\s*$/s.exec(
      body,
    )
  const content = whole?.[1]?.replace(/<Quiet>(?:true|false)<\/Quiet>/, '')
  if (content === undefined) return undefined
  const keys: string[] = []
  // Sticky: each object has to begin where the one before ended.
  const object = /\s*<Object>\s*<Key>([^<>]*)<\/Key>\s*<\/Object>\s*/y
  while (object.lastIndex < content.length) {
    const key = unescapeXml(object.exec(content)?.[1])
    if (key === undefined || key === '') return undefined
    keys.push(key)
  }
  return keys.length === 0 || keys.length > KEYS_MAX ? undefined : keys
}

/** S3's own limit. */
const KEYS_MAX = 1000

function unescapeXml(text: string | undefined): string | undefined {
  if (text === undefined || /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\dA-Fa-f]{1,6});)/.test(text)) return undefined
  const codes = [...text.matchAll(/&#(x?)([\dA-Fa-f]+);/g)].map(([, hex, digits]) => codeOf(hex, digits))
  if (codes.some((code) => code < 0x20 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))) return undefined
  return text.replace(/&(?:#(x?)([\dA-Fa-f]+)|(\w+));/g, (_, hex?: string, digits?: string, name?: string) =>
    name === undefined ? String.fromCodePoint(codeOf(hex, digits)) : (NAMED[name] ?? ''),
  )
}

function codeOf(hex: string | undefined, digits: string | undefined): number {
  return Number.parseInt(digits ?? '', hex === 'x' ? 16 : 10)
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
