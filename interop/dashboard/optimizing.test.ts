import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { type LabBrowser, startBrowser } from '../lab/browser.ts'
import { startDashboard } from './running-dashboard.ts'

// What a person sees of the work and does to groups and optimizers, in a real browser.

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

const open = () => engine().open({ width: 1280, scheme: 'light', language: 'en' })

/** Opens the dialog of a button, and does what it is for. */
async function act(page: Page, name: string, fill: (dialog: Dialog) => Promise<void>, place?: Dialog): Promise<void> {
  await (place ?? page).getByRole('button', { name, exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  await fill(dialog)
  if (shots !== undefined) await page.screenshot({ path: `${shots}/group-${name.replaceAll(' ', '-')}.png` })
  assert.deepEqual(await engine().judge(page), [], name)
  await dialog.getByRole('button', { name, exact: true }).click()
}

type Dialog = ReturnType<Page['getByRole']>

test('the queue is filtered, and the address says how', { skip, timeout: 120_000 }, async () => {
  const { page, troubles } = await open()
  await page.goto(url)
  await page.getByRole('link', { name: 'Optimizing' }).click()
  const row = page.getByRole('row', { name: /lake\.sample\.orders/ })
  await row.waitFor({ timeout: 90_000 })
  await page.getByRole('textbox', { name: 'Search by name of the table' }).fill('nothing of that name')
  await page.getByText('No table is like this.').waitFor()
  assert.match(page.url(), /q=nothing/)
  await page.goto(`${url}/optimizing?q=ord&group=default`)
  await row.waitFor()
  assert.equal(await page.getByRole('textbox', { name: 'Search by name of the table' }).inputValue(), 'ord')
  await row.getByRole('link').click()
  await page.getByText('Why it is, or is not, being optimized').waitFor()
  assert.deepEqual(troubles, [])
  await page.context().close()
})

test('a group is made, changed, paused and removed', { skip, timeout: 120_000 }, async () => {
  const { page, troubles } = await open()
  await page.goto(`${url}/optimizing?view=groups`)
  await act(page, 'New group', async (dialog) => {
    await dialog.getByLabel('Name').fill('large')
    await dialog.getByLabel('Properties').fill('dynamic-allocation.max-paralelism=2')
  })
  // What the service says is wrong stands in the dialog, with what was written.
  const dialog = page.getByRole('dialog')
  await dialog
    .getByRole('alert')
    .getByText(/max-parallelism/)
    .waitFor()
  await dialog.getByLabel('Properties').fill('memory=256\nblackouts=0 3 * * * for 1h')
  await dialog.getByRole('button', { name: 'New group', exact: true }).click()
  await dialog.waitFor({ state: 'hidden' })
  const card = page.getByRole('region', { name: 'large' })
  await card.getByText('blackouts=0 3 * * * for 1h').waitFor()
  await act(page, 'Pause', async () => undefined, card)
  await card.getByText('Paused', { exact: true }).waitFor()
  await act(page, 'Remove', async () => undefined, card)
  await card.waitFor({ state: 'detached' })
  assert.deepEqual(
    // What was refused, and a question that was under way when the group went.
    troubles.filter((trouble) => !/\b40[04]\b/.test(trouble)),
    [],
  )
  await page.context().close()
})

test('an optimizer is added to a group, works, and is released', { skip, timeout: 180_000 }, async () => {
  const { page, troubles } = await open()
  await page.goto(`${url}/optimizing?view=groups`)
  const card = page.getByRole('region', { name: 'default' })
  await act(page, 'Add optimizer', async (dialog) => dialog.getByLabel('Threads').fill('3'), card)
  await page.goto(`${url}/optimizing?view=optimizers&group=default`)
  // Beside the one that was there: with three threads, which nobody else has.
  const row = page
    .getByRole('region', { name: 'Optimizers' })
    .getByRole('row')
    .filter({ has: page.getByRole('cell', { name: '3', exact: true }) })
  await row.getByText('Works').waitFor({ timeout: 90_000 })
  await page.getByRole('region', { name: 'Launches' }).getByText('Launched').first().waitFor()
  await act(page, 'Release', async (dialog) => dialog.getByText(/ends its tasks, takes no more/).waitFor(), row)
  await row.waitFor({ state: 'detached', timeout: 60_000 })
  await page.getByRole('region', { name: 'Launches' }).getByText('Ended').first().waitFor({ timeout: 60_000 })
  assert.deepEqual(troubles, [])
  await page.context().close()
})
