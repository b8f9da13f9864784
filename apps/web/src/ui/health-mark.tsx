import { useMessages } from '../i18n/language.tsx'
import { ToneBadge } from './tone.tsx'

/** From these scores of 100 on a table is well, or only unwell. */
export const WELL = 80
const UNWELL = 50

/** A score of health; -1 where there is none yet. */
export function HealthMark({ score }: { readonly score: number }) {
  const { common } = useMessages()
  if (score < 0) {
    return (
      <ToneBadge tone="still" title={common.unknown}>
        –
      </ToneBadge>
    )
  }
  return <ToneBadge tone={score >= WELL ? 'good' : score >= UNWELL ? 'fair' : 'bad'}>{Math.round(score)}</ToneBadge>
}
