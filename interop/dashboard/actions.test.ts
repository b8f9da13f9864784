import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type LabBrowser, startBrowser } from '../lab/browser.ts'
import { untilAnswered } from '../lab/moraine.ts'
import { startDashboard } from './running-dashboard.ts'

// What a person does to a table, in a real browser, and what the service says of it then.

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

async function openTable() {
  const opened = await engine().open({ width: 1280, scheme: 'light', language: 'en' })
  const { page } = opened
  await page.goto(`${url}/tables`)
  await page.locator('a[role=row]').first().waitFor({ timeout: 90_000 })
  await page.goto(`${url}/tables/lake/sample/orders`)
  await page.getByText('Why it is, or is not, being optimized').waitFor()
  return opened
}

async function act(
  page: Page,
  name: string,
  before: (dialog: ReturnType<Page['getByRole']>) => Promise<void>,
  signal: AbortSignal,
) {
  await page.getByRole('button', { name, exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  await before(dialog)
  if (shots !== undefined) await page.screenshot({ path: `${shots}/action-${name.replaceAll(' ', '-')}.png` })
  assert.deepEqual(await engine().judge(page), [], name)
  // The table is written to and optimized all the time: what is refused while a process runs is asked for again.
  await untilAnswered(async () => {
    await dialog.getByRole('button', { name, exact: true }).click()
    const done = dialog.waitFor({ state: 'hidden' }).then(() => true)
    return Promise.race([
      done,
      dialog
        .getByRole('alert')
        .waitFor()
        .then(() => undefined),
    ])
  }, signal)
}

/** The browser tells of every answer that is no success, be it one that the page expects. */
const isNoRefusal = (trouble: string) => !trouble.includes('409')

test('a table is paused, with the reason for all to read, and goes on', { skip, timeout: 180_000 }, async ({
  signal,
}) => {
  const { page, troubles } = await openTable()
  await act(
    page,
    'Pause',
    async (dialog) => {
      await dialog.getByLabel('Reason, for others to read').fill('nightly load <b>runs</b>')
    },
    signal,
  )
  await page
    .getByText(/nightly load <b>runs<\/b>/)
    .first()
    .waitFor()
  await act(page, 'Resume', async () => undefined, signal)
  await page.getByRole('button', { name: 'Pause', exact: true }).waitFor()
  assert.deepEqual(troubles.filter(isNoRefusal), [])
  await page.context().close()
})

test('a table is optimized when somebody asks for it', { skip, timeout: 180_000 }, async ({ signal }) => {
  const { page, troubles } = await openTable()
  await act(
    page,
    'Optimize now',
    async (dialog) => {
      await dialog.getByText('As it stands').waitFor()
      await dialog.getByText('Full', { exact: true }).click()
      await dialog.getByText(/All there is to do in every partition/).waitFor()
    },
    signal,
  )
  await page
    .getByRole('cell', { name: /^full$/i })
    .first()
    .waitFor({ timeout: 90_000 })
  assert.deepEqual(troubles.filter(isNoRefusal), [])
  await page.context().close()
})

test('an address without a page says so', { skip, timeout: 60_000 }, async () => {
  const { page } = await engine().open({ width: 390, scheme: 'dark', language: 'en' })
  await page.goto(`${url}/no/such/page/here`)
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  await page.locator('main').getByRole('link', { name: 'Overview' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.context().close()
})
