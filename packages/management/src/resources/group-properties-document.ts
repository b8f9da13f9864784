import { ALLOCATION_PROPERTIES, type AllocationProperty, MIN_PARALLELISM } from './allocation-settings.ts'

/** What a group may say besides dynamic allocation; the rest of its properties are its container's. */
const GROUP_PROPERTIES: readonly AllocationProperty[] = [
  {
    key: 'scheduling-policy',
    defaultText: 'quota',
    meaning: 'which table is planned next: `quota`, that used least of its own, or `balanced`, optimized longest ago',
  },
  { key: 'paused', defaultText: 'false', meaning: 'whether its tables are held' },
  {
    key: 'windows',
    defaultText: '',
    meaning: 'when its tables are worked on, such as `0 22 * * * for 6h Europe/Berlin`',
  },
  { key: 'blackouts', defaultText: '', meaning: 'when they are not, written alike' },
  {
    key: 'max-input-file-size-per-thread',
    defaultText: '536870912',
    meaning: 'bytes of work that one plan may hold for each thread',
  },
  { key: 'memory', defaultText: '512', meaning: 'MB for each thread of an optimizer that is launched' },
  {
    key: MIN_PARALLELISM,
    defaultText: '0',
    meaning: 'threads that are kept; without dynamic allocation nothing else is launched by itself',
  },
]

/** The text of `docs/specs/group-properties.md`, generated so that it cannot be wrong. */
export function groupPropertiesDocument(): string {
  const rows = [...GROUP_PROPERTIES, ...Object.values<AllocationProperty>(ALLOCATION_PROPERTIES)].map(
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
milliseconds. A value that is none is refused where it is set. Any other property is for the container of the group.
`
