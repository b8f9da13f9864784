import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type LabBrowser, startBrowser } from '../lab/browser.ts'
import { startDashboard } from './running-dashboard.ts'

const browser = await startBrowser()
const skip = browser.kind === 'unavailable' ? browser.why : false
const PASSWORD = 'correct horse battery'
const asking = {
  AMS_HTTP__SERVER_AUTHENTICATION: 'required',
  AMS_ADMIN__USERNAME: 'root',
  AMS_ADMIN__PASSWORD: PASSWORD,
}
const dashboard = browser.kind === 'started' ? await startDashboard(asking) : undefined
after(async () => {
  if (browser.kind === 'started') await browser.engine.close()
  await dashboard?.stop()
})

const engine = () => (browser as { readonly engine: LabBrowser }).engine
const url = dashboard?.url ?? ''

test('who is not known signs in, on the page that was asked for, and out again', {
  skip,
  timeout: 120_000,
}, async () => {
  const { page } = await engine().open({ width: 1280, scheme: 'light', language: 'en' })
  await page.goto(`${url}/tables?q=ord`)
  const password = page.getByRole('textbox', { name: 'Password' })
  await page.getByLabel('User').fill('root')
  await password.fill('wrong')
  await page.keyboard.press('Enter')
  await page.getByText('There is no such user, or the password is another.').waitFor()
  assert.deepEqual(await engine().judge(page), [])
  await password.fill(PASSWORD)
  await page.keyboard.press('Enter')
  assert.equal(await page.getByRole('searchbox').inputValue(), 'ord')
  await page.reload()
  await page.getByRole('searchbox').waitFor()
  assert.equal(await page.evaluate('document.cookie'), '')
  await page.getByRole('button', { name: 'root' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await password.waitFor()
  await page.reload()
  await password.waitFor()
  await page.context().close()
})
