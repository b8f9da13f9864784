import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type BrowserLook, type LabBrowser, startBrowser } from '../lab/browser.ts'
import { startDashboard } from './running-dashboard.ts'

// Every page in a real browser: in both languages and colours, wide and narrow. With MORAINE_SHOTS=DIR a picture of each.

const browser = await startBrowser()
const skip = browser.kind === 'unavailable' ? browser.why : false
const dashboard = browser.kind === 'started' ? await startDashboard() : undefined
after(async () => {
  if (browser.kind === 'started') await browser.engine.close()
  await dashboard?.stop()
})

const engine = () => (browser as { readonly engine: LabBrowser }).engine
const url = dashboard?.url ?? ''
const shots = process.env['MORAINE_SHOTS']

const LOOKS: readonly BrowserLook[] = [
  { width: 1280, scheme: 'light', language: 'en' },
  { width: 1280, scheme: 'dark', language: 'zh-CN' },
  { width: 390, scheme: 'dark', language: 'en', timeZone: 'Asia/Shanghai' },
  { width: 390, scheme: 'light', language: 'zh-CN' },
]

/** Each page with what stands on it once it is there. */
const PAGES: readonly { readonly name: string; readonly path: string; readonly has: string }[] = [
  { name: 'overview', path: '/', has: 'h1' },
  { name: 'tables', path: '/tables', has: 'a[role=row]' },
  { name: 'table', path: '/tables/lake/sample/orders', has: 'td:has-text("order_id")' },
  { name: 'queue', path: '/optimizing', has: 'td:has-text("lake.sample.orders")' },
  { name: 'groups', path: '/optimizing?view=groups', has: 'section pre, section h2' },
  { name: 'optimizers', path: '/optimizing?view=optimizers&group=default', has: 'td' },
]

test('there is a table to be seen', { skip, timeout: 120_000 }, async () => {
  const { page } = await engine().open({ width: 1280, scheme: 'light', language: 'en' })
  await page.goto(`${url}/tables`)
  await page.locator('a[role=row]').first().waitFor({ timeout: 90_000 })
  await page.context().close()
})

for (const look of LOOKS) {
  const what = `${look.width} wide, ${look.scheme}, ${look.language}`
  test(`each page is whole and can be used by everybody: ${what}`, { skip, timeout: 120_000 }, async () => {
    const { page, troubles } = await engine().open(look)
    for (const { name, path, has } of PAGES) {
      await page.goto(url + path)
      await page.locator(has).first().waitFor()
      await page.waitForLoadState('networkidle')
      await keepPicture(page, `${name}-${look.width}-${look.scheme}-${look.language}`)
      assert.deepEqual(await engine().judge(page), [], `${name}, ${what}`)
      assert.ok(await fitsWidth(page), `${name} is wider than the window`)
    }
    assert.deepEqual(troubles, [])
    await page.context().close()
  })
}

test('from the address to a table and why it is as it is, by the keyboard alone', {
  skip,
  timeout: 120_000,
}, async () => {
  const { page, troubles } = await engine().open({ width: 1280, scheme: 'light', language: 'en' })
  await page.goto(url)
  await focusOn(page, page.getByRole('link', { name: 'Tables' }))
  await page.keyboard.press('Enter')
  await focusOn(page, page.getByRole('searchbox'))
  await page.keyboard.type('nothing of that name')
  await page.getByText('No table has this in its name.').waitFor()
  await page.keyboard.press('Control+a')
  await page.keyboard.type('SAMPLE ord')
  await page.waitForURL(/q=SAMPLE/)
  await focusOn(page, page.getByRole('row', { name: /sample\.orders/ }))
  await page.keyboard.press('Enter')
  await page.getByText('Why it is, or is not, being optimized').waitFor()
  assert.equal(new URL(page.url()).pathname, '/tables/lake/sample/orders')
  await page.goBack()
  assert.equal(await page.getByRole('searchbox').inputValue(), 'SAMPLE ord')
  assert.deepEqual(troubles, [])
  await page.context().close()
})

test('what is chosen, language and colours, is kept', { skip, timeout: 60_000 }, async () => {
  const { page } = await engine().open({ width: 1280, scheme: 'light', language: 'en' })
  await page.goto(url)
  await page.getByRole('button', { name: 'Language' }).click()
  await page.getByRole('menuitem', { name: '中文' }).click()
  await page.getByRole('button', { name: '深色' }).click()
  await page.reload()
  await page.getByRole('heading', { name: '概览' }).waitFor()
  assert.equal(await page.evaluate('document.documentElement.dataset.mantineColorScheme'), 'dark')
  assert.equal(await page.evaluate('document.documentElement.lang'), 'zh')
  await page.context().close()
})

test('a table that is not there is told, and the page goes on', { skip, timeout: 60_000 }, async () => {
  const { page } = await engine().open({ width: 1280, scheme: 'light', language: 'en' })
  await page.goto(`${url}/tables/lake/sample/${encodeURIComponent('<img src=x onerror=alert(1)>')}`)
  await page.getByRole('alert').first().waitFor()
  assert.equal(await page.locator('img[src=x]').count(), 0)
  await page.getByRole('link', { name: 'Overview' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.context().close()
})

type Target = ReturnType<Page['locator']>

/** Goes on with the Tab key until it is there. */
async function focusOn(page: Page, target: Target): Promise<void> {
  await target.waitFor()
  for (let presses = 0; presses < 40; presses += 1) {
    if (await target.evaluate((element) => element.matches(':focus'))) return
    await page.keyboard.press('Tab')
  }
  assert.fail('the Tab key does not lead there')
}

async function fitsWidth(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')
}

async function keepPicture(page: Page, name: string): Promise<void> {
  if (shots === undefined) return
  await mkdir(shots, { recursive: true })
  await page.screenshot({ path: `${shots}/${name}.png` })
}
