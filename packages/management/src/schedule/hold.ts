import { unreachable } from '@moraine/stdx/assert'
import { type EpochMs, earliest, later } from '@moraine/stdx/brand'
import type { Blocker } from '../records/blocker.ts'
import type { Pause } from '../records/pause.ts'
import type { ResourceGroup } from '../records/resource-group.ts'
import type { TableSettings } from '../records/table-settings.ts'
import type { OpeningBook } from './opening-book.ts'

export type HoldKind = 'paused' | 'group-paused' | 'blocked' | 'blackout' | 'outside-windows' | 'windows-unreadable'

/** Why a table is not worked on now though there is work. */
export type Hold = {
  readonly kind: HoldKind
  /** One sentence for a person. */
  readonly text: string
  /** When it ends by itself, as far as that can be known. */
  readonly until: EpochMs | undefined
  /** It is in how windows and blackouts are written that it does not end. */
  readonly never?: true
}

export type HoldFacts = {
  readonly pause: Pause | undefined
  readonly settings: Pick<TableSettings, 'windows' | 'blackouts'>
  readonly group: ResourceGroup | undefined
  /** Those of the table that live. */
  readonly blockers: readonly Blocker[]
  /** A person has asked for this work: it does not wait for a window. */
  readonly isRequested: boolean
}

/**
 * What holds the table, the strongest first; `undefined` if nothing does. A hold keeps plans from being made and tasks from
 * being handed out; tasks that run may end. All but the end of a window keep commits from being made, too
 * ({@link holdsCommits}).
 */
export function findHold(facts: HoldFacts, openings: OpeningBook, now: EpochMs): Hold | undefined {
  const { pause, group, settings } = facts
  if (pause !== undefined) return { kind: 'paused', text: `paused${told(pause)}`, until: undefined }
  if (group?.properties[GROUP_PAUSED] === 'true') {
    return {
      kind: 'group-paused',
      text: `resource group '${group.name}' is paused (${GROUP_PAUSED})`,
      until: undefined,
    }
  }
  const blocked = facts.blockers.filter(({ operations }) => operations.includes('optimize'))
  if (blocked.length > 0) return blockedHold(blocked, now)
  const hold = (schedule: Schedule, words: Words) =>
    closedHold(openings.find(schedule.windows, schedule.blackouts, now), schedule, words, facts)
  const ofTable = hold(settings, TABLE_WORDS)
  if (ofTable !== undefined) return ofTable
  if (group === undefined) return undefined
  const { windows = '', blackouts = '' } = group.properties
  return hold({ windows, blackouts }, groupWords(group.name))
}

export function holdsCommits({ kind }: Hold): boolean {
  return kind !== 'outside-windows'
}

/** The property of a resource group that holds all its tables. */
export const GROUP_PAUSED = 'paused'

type Schedule = HoldFacts['settings']
/** Where each of them is written. */
type Words = Readonly<Record<keyof Schedule, string>>

const TABLE_WORDS: Words = { windows: 'self-optimizing.windows', blackouts: 'self-optimizing.blackouts' }

function groupWords(group: string): Words {
  return { windows: `windows of group '${group}'`, blackouts: `blackouts of group '${group}'` }
}

function closedHold(
  opening: ReturnType<OpeningBook['find']>,
  { windows, blackouts }: Schedule,
  words: Words,
  { isRequested }: HoldFacts,
): Hold | undefined {
  switch (opening.kind) {
    case 'open':
      return undefined
    case 'blackout':
      return { ...opening, text: closedText(opening, `in a blackout (${words.blackouts}: ${blackouts})`) }
    case 'outside-windows':
      if (isRequested) return undefined
      return { ...opening, text: closedText(opening, `outside of its windows (${words.windows}: ${windows})`) }
    case 'unreadable': {
      const text = `${words.windows} or ${words.blackouts} cannot be read: ${opening.reason}`
      return { kind: 'windows-unreadable', text, until: undefined }
    }
    default:
      return unreachable(opening)
  }
}

function closedText({ never }: Pick<Hold, 'never'>, text: string): string {
  return never === true ? `${text}, and that never ends: windows and blackouts leave no time at all` : text
}

function blockedHold(blockers: readonly Blocker[], now: EpochMs): Hold {
  const [first] = blockers
  const owner = Object.entries(first?.properties ?? {}).map(([key, value]) => `${key}=${value}`)
  const named = owner.length === 0 ? '' : ` (${owner.join(', ')})`
  const text = `blocked by lease ${first?.blockerId ?? ''}${named}`
  // They may be renewed; then this is looked at again.
  return { kind: 'blocked', text, until: earliest(blockers.map(({ remainingMs }) => later(now, remainingMs))) }
}

function told({ by, reason }: Pause): string {
  return `${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}`
}
