import { MoraineError } from '@moraine/stdx/error'

/** Refuses a range that no object can have, before anything is allocated for it. */
export function checkRange(location: string, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new MoraineError('invalid-input', `${location} has no bytes ${offset} to ${offset + length}`)
  }
}

export function cutShort(location: string, offset: number, length: number, sizeBytes: number): MoraineError {
  return new MoraineError(
    'corrupt',
    `${location} ends at byte ${sizeBytes}, before the ${length} bytes from ${offset} that were asked for: it is damaged, or was described wrongly`,
  )
}
