import { Badge } from '@mantine/core'
import { useMessages } from '../i18n/language.tsx'
import type { Messages } from '../i18n/messages.ts'

const COLORS: Readonly<Record<keyof Messages['phases'], string>> = {
  idle: 'gray',
  pending: 'yellow',
  planning: 'cyan',
  executing: 'blue',
  committing: 'indigo',
}

/** What the service does with a table now. */
export function PhaseMark({ phase }: { readonly phase: string }) {
  const { phases } = useMessages()
  const isKnown = (word: string): word is keyof typeof COLORS => Object.hasOwn(COLORS, word)
  return (
    <Badge variant="dot" color={isKnown(phase) ? COLORS[phase] : 'gray'} tt="none">
      {isKnown(phase) ? phases[phase] : phase}
    </Badge>
  )
}
