import { hash } from 'node:crypto'

/** SHA-256 of a list of names, as hexadecimal: names of any length and spelling as one short, exact key. */
export function nameHash(...names: readonly (string | readonly string[])[]): string {
  return hash('sha256', JSON.stringify(names), 'hex')
}
