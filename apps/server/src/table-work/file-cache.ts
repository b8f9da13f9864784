import { weighedCache } from '@moraine/stdx/weighed-cache'
import type { ShownFiles } from '../access/shown-files.ts'

/**
 * What was made of files that never change. It is no way around what guards them: there is no looking into it but by
 * {@link FileCache.read}, which asks first whether the file is shown.
 */
export type FileCache<Value> = {
  /**
   * What was made of a file before for these {@link ShownFiles}; made now if nothing is held, and kept unless it is
   * `undefined`.
   *
   * @throws {MoraineError} `permission` for a file that is not shown, held or not
   */
  read<Made extends Value | undefined>(
    files: ShownFiles,
    file: CachedFile,
    make: () => Promise<Made>,
  ): Promise<Made | Value>
}

export type CachedFile = {
  readonly location: string
  /** What else decides what is made of it. */
  readonly as?: string
}

/** Holds up to `weightMax`, as `weigh` has it; what was not used for longest goes first. */
export function fileCache<Value extends object>(weightMax: number, weigh: (value: Value) => number): FileCache<Value> {
  const held = weighedCache<Value>(weightMax, weigh)
  return {
    async read(files, { location, as = '' }, make) {
      files.check(location)
      const key = `${files.scope}\n${location}\n${as}`
      const known = held.find(key)
      if (known !== undefined) return known
      const made = await make()
      if (made !== undefined) held.keep(key, made)
      return made
    },
  }
}
