import { MoraineError } from '@moraine/stdx/error'

const SITE_BYTES_MAX = 1024 * 1024

/**
 * The properties of a Hadoop configuration file (`hive-site.xml`), given in base64. Variables (`${user.home}`) are left
 * as they are.
 *
 * @throws {MoraineError} `invalid-input` naming `field`; nothing of the file is in the message
 */
export function readHadoopSite(base64: string, field: string): ReadonlyMap<string, string> {
  const text = decode(base64, field)
  if (!isHadoopSite(text)) throw noSite(field)
  const found = new Map<string, string>()
  for (const rest of withoutComments(text).split('<property>').slice(1)) {
    const property = rest.split('</property>', 1)[0] ?? ''
    const name = element(property, 'name')
    const value = element(property, 'value')
    if (name !== undefined && value !== undefined) found.set(name, value)
  }
  return found
}

/** Whether the text is a Hadoop configuration file, as far as its outermost element tells. */
export function isHadoopSite(text: string): boolean {
  return /<configuration[\s>/]/.test(text)
}

function decode(base64: string, field: string): string {
  const compact = base64.replaceAll(/\s/g, '')
  if (compact.length > SITE_BYTES_MAX * 2 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw noSite(field)
  return Buffer.from(compact, 'base64').toString('utf8')
}

function noSite(field: string): MoraineError {
  return new MoraineError('invalid-input', `${field} is no Hadoop configuration: give the XML file in base64`)
}

function withoutComments(text: string): string {
  const parts = text.split('<!--')
  return parts.map((part, at) => (at === 0 ? part : part.split('-->').slice(1).join('-->'))).join('')
}

function element(text: string, name: string): string | undefined {
  const start = text.indexOf(`<${name}>`)
  const end = text.indexOf(`</${name}>`, start)
  if (start < 0 || end < 0) return undefined
  const inner = text.slice(start + name.length + 2, end).trim()
  return inner.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '')
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
