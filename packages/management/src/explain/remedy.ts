import { unreachable } from '@moraine/stdx/assert'
import type { ManagedTable } from '../records/managed-table.ts'
import type { TableVerdict } from './table-verdict.ts'

/** In a sentence: what would change the answer, and who can do it. */
export function remedyOf({ kind, until, figures }: TableVerdict, { settings }: Pick<ManagedTable, 'settings'>): string {
  const group = `'${settings.group}'`
  switch (kind) {
    case 'not-evaluated':
      return `nothing: it is looked at within seconds; if that does not happen ${WHO_LEADS}`
    case 'refresh-failing':
      return 'mend what the reason names; the table is tried again by itself, ever later, and at once when it is committed to'
    case 'catalog-unreachable':
      return 'mend what the reason names, be it the catalog, its address or the network; it is tried again by itself, ever later, at once when its registration is changed, and its tables go on as soon as it answers'
    case 'disabled':
      return 'set the table property self-optimizing.enabled to true'
    case 'nothing-due':
      return until === undefined
        ? 'new commits; or ask for optimizing now'
        : 'new commits, or time (until); or ask for optimizing now'
    case 'empty-plan':
      return 'new commits; or an end to the reason in the text, be it self-optimizing.filter or files that are not rewritten'
    case 'group-missing':
      return `create resource group ${group} (moraine group create), or set self-optimizing.group to one that exists`
    case 'no-optimizer':
      return `start an optimizer for group ${group}: moraine group command ${settings.group} prints how; moraine group explain ${settings.group} tells whether any is launched for its work`
    case 'backing-off':
      return 'mend what the reason names; it is tried again at the given time, or now if a person asks for it'
    case 'min-plan-interval':
      return 'time; or lower self-optimizing.min-plan-interval; or ask for optimizing now'
    case 'paused':
      return 'resume the table (moraine table resume)'
    case 'group-paused':
      return `take the property paused from group ${group} (moraine group set --unset paused)`
    case 'blocked':
      return 'its owner releases the lease, or lets it run out; if it has gone, `moraine table unblock` ends it'
    case 'blackout':
      return `time; or other blackouts ${PLACES}; a request by a person waits, too`
    case 'outside-windows':
      return `time; or other windows ${PLACES}; or a request by a person, which does not wait for them`
    case 'never-opens':
      return `other windows or blackouts ${PLACES}: with these time changes nothing; a request by a person does not wait for windows, but for blackouts`
    case 'windows-unreadable':
      return 'write the windows as the text says, in the table or in its group'
    case 'queued':
      return 'nothing: its turn comes; more threads, a higher self-optimizing.priority or a request by a person bring it sooner'
    case 'planning':
      return `nothing: it is being worked on; if that lasts longer than ten minutes ${WHO_LEADS}`
    case 'executing':
      return figures['quotaThreads'] === undefined
        ? 'nothing: it is being worked on'
        : 'nothing: it is being worked on; with a higher self-optimizing.quota by more threads'
    case 'orphaned':
      return `nothing: its tasks go to other threads within seconds; if that does not happen ${WHO_LEADS}`
    case 'settling':
      return `nothing: it is settled within seconds; if that does not happen ${WHO_LEADS}`
    case 'waiting-for-thread':
      return `threads of group ${group} that become free; start more optimizers, or raise self-optimizing.priority`
    case 'withheld':
      return 'mend what the reason names, in the catalog or in what it is reached with; access is asked for again within half a minute'
    case 'no-quota':
      return 'set the table property self-optimizing.quota above 0, for a process that runs also cancel it (moraine table cancel); with self-optimizing.break-quota-limit-enabled threads that are idle take it as it is'
    case 'committing':
      return 'nothing: a commit that could not be settled is tried again, for about half an hour in all; then the process fails, and says what becomes of its outputs'
    default:
      return unreachable(kind)
  }
}

const PLACES = 'of the table or of its group (the text says whose)'

/** What is a server's to do and is not done waits for one. */
const WHO_LEADS = 'see whether a server leads (/health)'
