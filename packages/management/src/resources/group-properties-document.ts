import { GROUP_PROPERTIES } from './group-properties.ts'

/** The text of `docs/specs/group-properties.md`, generated so that it cannot be wrong. */
export function groupPropertiesDocument(): string {
  const rows = GROUP_PROPERTIES.map(
    ({ key, defaultText, meaning }) => `| \`${key}\` | ${defaultOf(defaultText)} | ${meaning} |\n`,
  )
  return `${INTRODUCTION}\n| property | default | meaning |\n| --- | --- | --- |\n${rows.join('')}`
}

function defaultOf(text: string | undefined): string {
  if (text === undefined) return 'must be set'
  return text === '' ? 'none' : `\`${text}\``
}

const INTRODUCTION = `# Properties of resource groups

Generated from \`packages/management/src/resources\` by \`scripts/write-group-properties.ts\`; a test fails when this file is out
of date. Names and defaults are Amoro's where Amoro has them. Durations are written \`30s\`, \`5min\`, \`1h\`; without a unit they are
milliseconds. A value that is none is refused where it is set, and so is a property whose name is one of these but for a
letter or two. Any other is for the container of the group.

An optimizer is released no sooner than new ones could follow each other: \`executor-idle-timeout\` is at least 30 seconds, and twice
\`sustained-backlog-timeout\`.
`
