import type { ManagedTable } from '../records/managed-table.ts'
import type { TableVerdict, VerdictKind } from './table-verdict.ts'

/** In a sentence: what would change the answer, and who can do it. */
export function remedyOf(verdict: TableVerdict, { settings }: Pick<ManagedTable, 'settings'>): string {
  const remedy = REMEDIES[verdict.kind]
  return typeof remedy === 'string' ? remedy : remedy(verdict, settings.group)
}

type Remedy = string | ((verdict: TableVerdict, group: string) => string)

const PLACES = 'of the table or of its group (the text says whose)'

/** What is a server's to do and is not done waits for one. */
const WHO_LEADS = 'see whether a server leads (/health)'

const REMEDIES: Readonly<Record<VerdictKind, Remedy>> = {
  'not-evaluated': `nothing: it is looked at within seconds; if that does not happen ${WHO_LEADS}`,
  'refresh-failing':
    'mend what the reason names; the table is tried again by itself, ever later, and at once when it is committed to',
  'catalog-unreachable':
    'mend what the reason names, be it the catalog, its address or the network; it is tried again by itself, ever later, at once when its registration is changed, and its tables go on as soon as it answers',
  disabled: 'set the table property self-optimizing.enabled to true',
  'nothing-due': ({ until }) =>
    until === undefined
      ? 'new commits; or ask for optimizing now'
      : 'new commits, or time (until); or ask for optimizing now',
  'empty-plan':
    'new commits; or an end to the reason in the text, be it self-optimizing.filter or files that are not rewritten',
  'group-missing': (_, group) =>
    `create resource group '${group}' (moraine group create), or set self-optimizing.group to one that exists`,
  'no-optimizer': (_, group) =>
    `start an optimizer for group '${group}': moraine group command ${group} prints how; moraine group explain ${group} tells whether any is launched for its work`,
  'backing-off': 'mend what the reason names; it is tried again at the given time, or now if a person asks for it',
  'min-plan-interval': 'time; or lower self-optimizing.min-plan-interval; or ask for optimizing now',
  paused: 'resume the table (moraine table resume)',
  'group-paused': (_, group) => `take the property paused from group '${group}' (moraine group set --unset paused)`,
  blocked: 'its owner releases the lease, or lets it run out; if it has gone, `moraine table unblock` ends it',
  blackout: `time; or other blackouts ${PLACES}; a request by a person waits, too`,
  'outside-windows': `time; or other windows ${PLACES}; or a request by a person, which does not wait for them`,
  'never-opens': `other windows or blackouts ${PLACES}: with these time changes nothing; a request by a person does not wait for windows, but for blackouts`,
  'windows-unreadable': 'write the windows as the text says, in the table or in its group',
  queued:
    'nothing: its turn comes; more threads, a higher self-optimizing.priority or a request by a person bring it sooner',
  planning: `nothing: it is being worked on; if that lasts longer than ten minutes ${WHO_LEADS}`,
  executing: ({ figures }) =>
    figures['quotaThreads'] === undefined
      ? 'nothing: it is being worked on'
      : 'nothing: it is being worked on; with a higher self-optimizing.quota by more threads',
  orphaned: `nothing: its tasks go to other threads within seconds; if that does not happen ${WHO_LEADS}`,
  settling: `nothing: it is settled within seconds; if that does not happen ${WHO_LEADS}`,
  'waiting-for-thread': (_, group) =>
    `threads of group '${group}' that become free; start more optimizers, or raise self-optimizing.priority`,
  withheld:
    'mend what the reason names, in the catalog or in what it is reached with; access is asked for again within half a minute',
  'no-quota':
    'set the table property self-optimizing.quota above 0, for a process that runs also cancel it (moraine table cancel); with self-optimizing.break-quota-limit-enabled threads that are idle take it as it is',
  committing:
    'nothing: a commit that could not be settled is tried again, for about half an hour in all; then the process fails, and says what becomes of its outputs',
}
