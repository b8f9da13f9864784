/** A name as the command line takes it: levels with dots or other odd characters in double quotes. */
export function formatName(levels: readonly string[]): string {
  return levels.map((level) => (PLAIN.test(level) ? level : `"${level.replaceAll('"', '""')}"`)).join('.')
}

const PLAIN = /^[^\s."`/\\'](?:[^."`/\\']*[^\s."`/\\'])?$/
