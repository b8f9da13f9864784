import { Badge } from '@mantine/core'
import { useMessages } from '../i18n/language.tsx'

/** Below these scores of 100 a table is unwell, or hurts. */
export const WELL = 80
const UNWELL = 50

/** A score of health; -1 where there is none yet. Told by the figure, too, not by colour alone. */
export function HealthMark({ score }: { readonly score: number }) {
  const { common } = useMessages()
  if (score < 0) {
    return (
      <Badge variant="light" color="gray" tt="none" title={common.unknown}>
        –
      </Badge>
    )
  }
  const color = score >= WELL ? 'teal' : score >= UNWELL ? 'yellow' : 'red'
  return (
    <Badge variant="light" color={color} tt="none" miw={44}>
      {Math.round(score)}
    </Badge>
  )
}
