/** The last part of a location. A table may write the same place in several ways; the name is the same in all of them. */
export function fileNameOf(location: string): string {
  return location.slice(location.lastIndexOf('/') + 1)
}
