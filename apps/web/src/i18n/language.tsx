import { useLocalStorage } from '@mantine/hooks'
import { createContext, type ReactNode, use, useEffect } from 'react'
import { en } from './en.ts'
import type { Messages } from './messages.ts'
import { zh } from './zh.ts'

export const LANGUAGES = { en, zh } as const satisfies Readonly<Record<string, Messages>>
export type Language = keyof typeof LANGUAGES

type Chosen = { readonly language: Language; readonly choose: (language: Language) => void }

const LanguageContext = createContext<Chosen>({ language: 'en', choose: () => {} })

/** The language that was chosen in this browser, else the browser's own. */
export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, choose] = useLocalStorage<Language>({
    key: 'moraine.language',
    defaultValue: navigator.language.startsWith('zh') ? 'zh' : 'en',
    getInitialValueInEffect: false,
  })
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  return <LanguageContext value={{ language, choose }}>{children}</LanguageContext>
}

export function useLanguage(): Chosen {
  return use(LanguageContext)
}

export function useMessages(): Messages {
  return LANGUAGES[useLanguage().language]
}
