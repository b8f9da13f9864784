import type { TableVerdictBody } from '@moraine/api/rest/table-schemas'
import { momentText } from './moment-text.ts'

/** How the service stands to a table, in one line without its end. */
export function verdictText(name: string, { kind, until, text }: TableVerdictBody): string {
  return `${name}: ${kind}${until === null ? '' : `, until ${momentText(until)}`}: ${text}`
}
