import { useMessages } from '../../i18n/language.tsx'
import { type Tone, ToneBadge } from '../../ui/tone.tsx'
import { TABLE_WORDS } from './search.ts'

const TONES: Readonly<Record<(typeof TABLE_WORDS)[number], Tone>> = {
  full: 'busy',
  major: 'busy',
  minor: 'busy',
  committing: 'busy',
  planning: 'busy',
  pending: 'fair',
  idle: 'still',
}

/** What a table is busy with, by the word of the service. */
export function WorkMark({ word }: { readonly word: string }) {
  const { optimizing } = useMessages()
  const known = TABLE_WORDS.find((each) => each === word)
  return known === undefined ? (
    <ToneBadge tone="still">{word}</ToneBadge>
  ) : (
    <ToneBadge tone={TONES[known]}>{optimizing.words[known]}</ToneBadge>
  )
}
