import { invalid } from '../metadata/metadata-draft.ts'

/** `version.history.num-entries`: how many versions a view keeps. */
export function historySize(properties: Readonly<Record<string, string>>): number {
  const text = propertyOf(properties, 'version.history.num-entries')
  if (text === undefined) return 10
  const size = Number(text)
  return Number.isSafeInteger(size) && size > 0 && text.trim() !== ''
    ? size
    : invalid(`version.history.num-entries must be positive but was ${text}`)
}

/** `replace.drop-dialect.allowed`: whether a version may lack an SQL dialect that the one before had. */
export function mayDropDialects(properties: Readonly<Record<string, string>>): boolean {
  return propertyOf(properties, 'replace.drop-dialect.allowed')?.trim().toLowerCase() === 'true'
}

function propertyOf(properties: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(properties, key) ? properties[key] : undefined
}
