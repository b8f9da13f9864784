import { ALLOCATION_PROPERTIES, type AllocationProperty, MIN_PARALLELISM } from './allocation-settings.ts'

/** What a group may say besides dynamic allocation; the rest of its properties are its container's. */
const OWN_PROPERTIES: readonly AllocationProperty[] = [
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

/** All that Moraine knows. */
export const GROUP_PROPERTIES: readonly AllocationProperty[] = [
  ...OWN_PROPERTIES,
  ...Object.values<AllocationProperty>(ALLOCATION_PROPERTIES),
]
