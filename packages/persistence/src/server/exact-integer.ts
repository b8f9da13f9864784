import { MoraineError } from '@moraine/stdx/error'

/** An integer column as the number it is. The service writes none that no number holds; such ids are text. */
export function exactInteger(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new MoraineError('corrupt', `the database holds the integer ${text}, which the service cannot have written`)
}
