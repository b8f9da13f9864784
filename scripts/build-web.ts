// Builds the dashboard, unless it is built from these sources already: `npm start` does so by itself.
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { build, defaultClientConditions } from 'vite'

const root = fileURLToPath(new URL('../', import.meta.url))
const web = `${root}apps/web`
const dist = `${web}/dist`
const stamp = `${dist}/.built-from`

const digest = digestOf([
  'apps/web/{index.html,package.json}',
  'apps/web/{src,public}/**',
  'packages/api/src/**',
  'scripts/build-web.ts',
])
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) await buildAll()

/** Of what is in the files, and of their names. */
function digestOf(patterns: readonly string[]): string {
  const hash = createHash('sha256')
  const files = globSync(patterns, { cwd: root }).filter((file) => statSync(root + file).isFile())
  for (const file of [...files, 'package-lock.json'].sort()) hash.update(`${file}\0`).update(readFileSync(root + file))
  return hash.digest('hex')
}

async function buildAll(): Promise<void> {
  await build({
    root: web,
    configFile: false,
    logLevel: 'warn',
    plugins: [react()],
    resolve: { conditions: ['development', ...defaultClientConditions] },
    // The service puts another one into each page that it sends.
    html: { cspNonce: '__CSP_NONCE__' },
    build: { target: 'es2023', emptyOutDir: true, chunkSizeWarningLimit: 700 },
  })
  for (const file of globSync('**/*.{js,css,svg}', { cwd: dist })) {
    const bytes = readFileSync(`${dist}/${file}`)
    writeFileSync(`${dist}/${file}.br`, brotliCompressSync(bytes))
    writeFileSync(`${dist}/${file}.gz`, gzipSync(bytes, { level: 9 }))
  }
  writeFileSync(stamp, digest)
}
