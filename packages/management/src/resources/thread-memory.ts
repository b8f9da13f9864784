import { MoraineError } from '@moraine/stdx/error'
import type { ResourceGroup } from '../records/resource-group.ts'

/** Where the group does not say. */
const MEMORY_MB = 512

/**
 * `memory`: MB for each thread.
 *
 * @throws {MoraineError} `invalid-input` for what is no memory
 */
export function threadMemoryMb({ name, properties }: ResourceGroup): number {
  const text = properties['memory']
  if (text === undefined) return MEMORY_MB
  const memoryMb = /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : 0
  if (memoryMb > 0) return memoryMb
  throw new MoraineError(
    'invalid-input',
    `resource group ${name}: memory is '${text}': it must be a whole number of MB for each thread, such as 1024`,
  )
}
