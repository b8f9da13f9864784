import { dirname } from 'node:path'
import type { Random } from '@moraine/stdx/random'
import { uuidV4 } from '@moraine/stdx/random'

/**
 * A new name beside `path`, in the same directory so that it can be renamed or linked to it: `.moraine-<uuid>.tmp`. A
 * file of such a name is a write that goes on, or one whose process died; nothing refers to it.
 */
export function temporaryPath(path: string, random: Random): string {
  return `${dirname(path)}/.moraine-${uuidV4(random)}.tmp`
}

/** Whether a file's name (without its directory) is one that {@link temporaryPath} gives. */
export function isTemporaryName(name: string): boolean {
  return /^\.moraine-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.test(name)
}
