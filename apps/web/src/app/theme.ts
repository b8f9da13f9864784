import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

/** The blue-green of glacier ice; each shade of 6 and darker has the contrast of WCAG AA on white. */
const ice: MantineColorsTuple = [
  '#e6f6f6',
  '#d3e9e9',
  '#a9d2d3',
  '#7bbabc',
  '#55a6a9',
  '#3d999d',
  '#0b7278',
  '#0b5f6b',
  '#07525c',
  '#00464f',
]

/** As Mantine's, but dark enough for white letters. */
const red: MantineColorsTuple = [
  '#fdeeee',
  '#fad9d9',
  '#f3b1b1',
  '#ec8787',
  '#e66565',
  '#d94141',
  '#c92a2a',
  '#b42323',
  '#961d1d',
  '#7a1717',
]

export const theme = createTheme({
  colors: { ice, red },
  primaryColor: 'ice',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  defaultRadius: 'md',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace',
})

/** What is said in passing has the contrast of WCAG AA, too: Mantine's own grey has not. */
export const contrastVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#5a6169', '--mantine-color-placeholder': '#6b7280' },
  dark: { '--mantine-color-dimmed': '#b0b4b9', '--mantine-color-placeholder': '#9aa0a6' },
})
