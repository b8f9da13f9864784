import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import { applyHint } from './apply-hint.ts'

const plan = { groups: [{}] } as unknown as RewritePlan

test('the hint names the table as the user did, quoted for a shell, and no secret', () => {
  const options = {
    catalogUri: 'http://h:1/api',
    token: 'geheim',
    storage: ['s3.endpoint=http://m:9000', 's3.secret-access-key=geheim'],
  }
  const hint = applyHint({ file: 'p.json', plan, ref: `db."a b's"`, options, readOnly: undefined })
  assert.equal(
    hint.slice(hint.indexOf('moraine ')),
    String.raw`moraine table apply p.json --table 'db."a b'\''s"' --catalog-uri http://h:1/api --token '<token>' --storage s3.endpoint=http://m:9000 's3.secret-access-key=<secret>'`,
  )
})

test('the hint opens the catalog as the user did, without passwords', () => {
  const options = {
    catalog: 'prod',
    catalogUri: 'jdbc:postgresql://ann:p@ss@h/d?sslpassword=geheim&ssl=true',
    catalogProperty: ['jdbc.password=geheim', 'jdbc.password=@/run/pw', 'jdbc.user=ann'],
  }
  const hint = applyHint({ file: 'p.json', plan, ref: 'db.t', options, readOnly: undefined })
  assert.equal(
    hint.slice(hint.indexOf('--catalog')),
    "--catalog prod --catalog-uri 'jdbc:postgresql://ann:<secret>@h/d?sslpassword=<secret>&ssl=true' --catalog-property 'jdbc.password=<secret>' jdbc.password=@/run/pw jdbc.user=ann",
  )
})

test('a plan that cannot be applied is said to be none', () => {
  const of = (parts: Partial<Parameters<typeof applyHint>[0]>) =>
    applyHint({ file: 'p.json', plan, ref: 't', options: {}, readOnly: undefined, ...parts })
  assert.match(of({ readOnly: 'a single metadata file' }), /cannot be applied to t: a single metadata file$/)
  assert.match(of({ plan: { ...plan, groups: [] } }), /nothing to apply$/)
})
