import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Defect } from './defects.ts'

/** Sources that may be spoilt. */
export type SourceCopy = {
  /** Its root, as the repository has one. */
  readonly root: URL
  /** Does the work with the defect in the sources, and mends them. */
  withDefect<T>(defect: Defect, work: () => Promise<T>): Promise<T>
  remove(): Promise<void>
}

const ROOT = new URL('../../../../', import.meta.url)

/** Copies the workspaces that the simulator is made of to a temporary directory; what is installed is shared. */
export async function copySources(): Promise<SourceCopy> {
  const root = await mkdtemp(join(tmpdir(), 'moraine-defects-'))
  const from = fileURLToPath(ROOT)
  for (const part of ['packages', join('apps', 'server')]) {
    await cp(join(from, part), join(root, part), { recursive: true, filter: isNeeded })
  }
  await linkModules(join(from, 'node_modules'), join(root, 'node_modules'))
  await cp(join(from, 'package.json'), join(root, 'package.json'))
  return {
    root: pathToFileURL(join(root, '/')),
    async withDefect(defect, work) {
      const path = join(root, defect.file)
      const source = await readFile(path, 'utf8')
      await writeFile(path, spoil(source, defect))
      try {
        return await work()
      } finally {
        await writeFile(path, source)
      }
    },
    remove: () => rm(root, { recursive: true, force: true }),
  }
}

const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', 'dist', 'fixtures'])

function isNeeded(path: string): boolean {
  return !LEFT_OUT.has(basename(path)) && !path.endsWith('.test.ts')
}

/** Workspaces are linked by relative paths, and so lead to the copy; all else leads to what is installed. */
async function linkModules(from: string, to: string): Promise<void> {
  await mkdir(join(to, '@moraine'), { recursive: true })
  for (const name of await readdir(from)) {
    if (name !== '@moraine' && !name.startsWith('.')) await symlink(join(from, name), join(to, name), 'junction')
  }
  for (const name of await readdir(join(from, '@moraine'))) {
    await symlink(await readlink(join(from, '@moraine', name)), join(to, '@moraine', name))
  }
}

/** @throws {Error} naming a defect whose text does not stand in its file exactly once */
export function spoil(source: string, { name, file, text, replacement }: Defect): string {
  const parts = source.split(text)
  if (parts.length !== 2) {
    throw new Error(`defect '${name}': its text stands in ${file} ${parts.length - 1} times, instead of once: ${text}`)
  }
  return parts.join(replacement)
}

/** Checks that every defect still fits the sources. */
export async function checkDefects(defects: readonly Defect[]): Promise<void> {
  for (const defect of defects) spoil(await readFile(new URL(defect.file, ROOT), 'utf8'), defect)
}
