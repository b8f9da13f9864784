import { readFile } from 'node:fs/promises'
import { MoraineError } from '@moraine/stdx/error'
import { localError } from '@moraine/storage/local-error'

/** Where values come from that are not on the command line, which other users of the machine can read. */
export type ValueSources = {
  readonly env: Readonly<Record<string, string | undefined>>
  readFile(path: string): Promise<Uint8Array>
  /** All of standard input. */
  readInput(): Promise<Uint8Array>
}

export type KeyValueOption = {
  /** For messages: `--property`. */
  readonly name: string
  readonly example: string
  /** Values that are whole files, which are sent in base64. */
  readonly isFile?: (key: string) => boolean
}

/**
 * The pairs of an option. A value is taken from a file (`key=@/run/secrets/password`), a variable (`key=env:PASSWORD`) or
 * standard input (`key=-`) where it says so; a line break at its end is left out.
 *
 * @throws {MoraineError} `invalid-input` for what is no pair or has no value; no value is in the message
 */
export async function keyValues(
  option: KeyValueOption,
  pairs: readonly string[],
  sources: ValueSources,
): Promise<Readonly<Record<string, string>>> {
  const values: Record<string, string> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at <= 0)
      throw new MoraineError('invalid-input', `${option.name} ${pair}: write key=value, as in ${option.example}`)
    const key = pair.slice(0, at)
    values[key] = await readValue(option, key, pair.slice(at + 1), sources)
  }
  return values
}

async function readValue(option: KeyValueOption, key: string, text: string, sources: ValueSources): Promise<string> {
  if (text.startsWith('@')) return decoded(option, key, await sources.readFile(text.slice(1)))
  if (text === '-') return decoded(option, key, await sources.readInput())
  if (!text.startsWith('env:')) return text
  const value = sources.env[text.slice('env:'.length)]
  if (value !== undefined) return value
  throw new MoraineError('invalid-input', `${option.name} ${key}: there is no variable ${text.slice('env:'.length)}`)
}

function decoded({ name, isFile }: KeyValueOption, key: string, bytes: Uint8Array): string {
  if (isFile?.(key) === true) return Buffer.from(bytes).toString('base64')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch (cause) {
    throw new MoraineError('invalid-input', `${name} ${key}: what was read is no text in UTF-8`, { cause })
  }
}

/** The sources of this process. Standard input can be read for one value. */
export function processSources(): ValueSources {
  let isInputTaken = false
  return {
    env: process.env,
    async readFile(path) {
      try {
        return await readFile(path)
      } catch (cause) {
        throw localError(cause, `reading the value in ${path}`)
      }
    },
    async readInput() {
      if (isInputTaken) throw new MoraineError('invalid-input', 'standard input was given as the value of two keys')
      isInputTaken = true
      return Buffer.concat(await process.stdin.toArray())
    },
  }
}
