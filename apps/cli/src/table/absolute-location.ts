import { resolve } from 'node:path'

/** A location as the command line gave it, for every part of the program: URIs as they are, paths from the root on. */
export function absoluteLocation(location: string): string {
  return /^[a-z][a-z0-9+.-]*:\//i.test(location) ? location : resolve(location)
}
