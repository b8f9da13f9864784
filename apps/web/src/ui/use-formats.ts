import { useMemo } from 'react'
import { useLanguage } from '../i18n/language.tsx'
import { type Formats, formatsIn } from './format.ts'

export function useFormats(): Formats {
  const { language } = useLanguage()
  return useMemo(() => formatsIn(language), [language])
}
