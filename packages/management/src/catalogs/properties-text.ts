import type { Properties } from '@moraine/catalogs/properties'

/** One text for equal properties, whatever their order: what stores keep and compare. */
export function propertiesText(properties: Properties): string {
  const keys = Object.keys(properties).sort((a, b) => (a < b ? -1 : 1))
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, properties[key]])))
}
