import { useMessages } from '../i18n/language.tsx'
import { ToneBadge } from './tone.tsx'

/** From these scores of 100 on a table is well, or only unwell. */
export const WELL = 80
const UNWELL = 50

export type HealthMarkProps = {
  /** -1 where there is none yet. */
  readonly score: number
  /** The best that it can be: 100 for all of a table, less for a part of that. */
  readonly of?: number
}

export function HealthMark({ score, of = 100 }: HealthMarkProps) {
  const { common } = useMessages()
  if (score < 0) {
    return (
      <ToneBadge tone="still" title={common.unknown}>
        –
      </ToneBadge>
    )
  }
  const share = (score * 100) / of
  return (
    <ToneBadge tone={share >= WELL ? 'good' : share >= UNWELL ? 'fair' : 'bad'}>
      {of === 100 ? Math.round(score) : `${Math.round(score)} / ${of}`}
    </ToneBadge>
  )
}
