import { useMessages } from '../i18n/language.tsx'
import type { Messages } from '../i18n/messages.ts'
import { type Tone, ToneBadge } from './tone.tsx'

const TONES: Readonly<Record<keyof Messages['phases'], Tone>> = {
  idle: 'still',
  pending: 'fair',
  planning: 'busy',
  executing: 'busy',
  committing: 'busy',
}

/** What the service does with a table now. */
export function PhaseMark({ phase }: { readonly phase: string }) {
  const { phases } = useMessages()
  const isKnown = (word: string): word is keyof typeof TONES => Object.hasOwn(TONES, word)
  return <ToneBadge tone={isKnown(phase) ? TONES[phase] : 'still'}>{isKnown(phase) ? phases[phase] : phase}</ToneBadge>
}
