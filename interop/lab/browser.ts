import { readFile } from 'node:fs/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Started } from './json-lines-worker.ts'
import { runLabScript } from './lab-script.ts'

export type LabBrowser = {
  /** A page of a fresh profile; what goes wrong in it by itself is added to `troubles`. */
  open(look: BrowserLook): Promise<{ readonly page: Page; readonly troubles: readonly string[] }>
  /** What axe finds that is serious or critical, a line each. */
  judge(page: Page): Promise<readonly string[]>
  close(): Promise<void>
}

export type BrowserLook = {
  readonly width: number
  readonly scheme: 'light' | 'dark'
  readonly language: 'en' | 'zh-CN'
  /** An IANA name; UTC if not said. */
  readonly timeZone?: string
}

const ARGUMENTS = [
  // Root has no sandbox.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ...['--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

/** Starts Chromium without a window. */
export async function startBrowser(): Promise<Started<LabBrowser>> {
  const found = runLabScript('browser.sh', ['install'])
  if (found.kind === 'unavailable') return found
  const places = JSON.parse(found.engine) as { readonly chromium: string; readonly axe: string }
  const browser = await chromium.launch({ executablePath: places.chromium, args: ARGUMENTS })
  return {
    kind: 'started',
    engine: {
      open: (look) => openPage(browser, look),
      judge: (page) => judge(page, places.axe),
      close: () => browser.close(),
    },
  }
}

async function openPage(browser: Browser, { width, scheme, language, timeZone = 'UTC' }: BrowserLook) {
  const context = await browser.newContext({
    viewport: { width, height: 860 },
    colorScheme: scheme,
    locale: language,
    timezoneId: timeZone,
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const troubles: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text())
  })
  page.on('pageerror', (error) => troubles.push(String(error)))
  return { page, troubles }
}

type AxeResult = {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
  }[]
}

async function judge(page: Page, axe: string): Promise<readonly string[]> {
  // Evaluated by the browser's own tools, so the policy of the page stays as it is.
  await page.evaluate(await readFile(axe, 'utf8'))
  const { violations } = (await page.evaluate('axe.run()')) as AxeResult
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`))
}
