import { Badge } from '@mantine/core'
import type { ReactNode } from 'react'

/** How something stands, in a colour whose text has the contrast of WCAG AA in light and dark. */
export type Tone = 'good' | 'fair' | 'bad' | 'busy' | 'still'

const TONES: Readonly<Record<Tone, { readonly ground: string; readonly ink: string }>> = {
  good: { ground: 'light-dark(#d3f5e5, #0f3d2e)', ink: 'light-dark(#065f46, #a7f3d0)' },
  fair: { ground: 'light-dark(#fdf0c4, #453404)', ink: 'light-dark(#6b4300, #fde68a)' },
  bad: { ground: 'light-dark(#fde2e2, #4a1717)', ink: 'light-dark(#991b1b, #fecaca)' },
  busy: { ground: 'light-dark(#dbe9fb, #16304f)', ink: 'light-dark(#1b4b87, #bfdbfe)' },
  still: { ground: 'light-dark(#eceef1, #3a3d41)', ink: 'light-dark(#454b52, #d5d8dc)' },
}

/** The word is never cut off: a narrow window scrolls. */
const WHOLE = { label: { overflow: 'visible' } } as const

export type ToneBadgeProps = { readonly tone: Tone; readonly title?: string; readonly children: ReactNode }

/** A word or figure in the colour of how it stands; the colour says nothing that the text does not. */
export function ToneBadge({ tone, title, children }: ToneBadgeProps) {
  const { ground, ink } = TONES[tone]
  return (
    <Badge tt="none" miw={44} styles={WHOLE} bg={ground} c={ink} {...(title !== undefined && { title })}>
      {children}
    </Badge>
  )
}
