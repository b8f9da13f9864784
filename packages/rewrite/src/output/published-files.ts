import { stat } from 'node:fs/promises'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO, FileWriter, WriteOutcome } from '@moraine/storage/file-io'
import { publishFromLocal } from '@moraine/storage/stage-files'

/** The files one attempt has put into the table's location. Until a commit names them, nobody else knows of them. */
export class PublishedFiles {
  readonly #io: FileIO
  readonly #random: Random
  readonly #locations: string[] = []

  constructor(io: FileIO, random: Random) {
    this.#io = io
    this.#random = random
  }

  /** Makes a finished local file one of the table. @returns how many bytes it has */
  async publish(path: string, location: string, signal: AbortSignal): Promise<number> {
    const options = { createOnly: this.#io.canCreateOnly(location), random: this.#random }
    await this.#put(location, () => publishFromLocal(this.#io, path, location, options, signal))
    return (await stat(path)).size
  }

  async publishBytes(bytes: Uint8Array, location: string, signal: AbortSignal): Promise<void> {
    const createOnly = this.#io.canCreateOnly(location)
    await this.#put(location, () => this.#io.write(location, bytes, { createOnly }, signal))
  }

  /** Opens a new file of the table. */
  async create(location: string, signal: AbortSignal): Promise<FileWriter> {
    const writer = await this.#io.openWriter(location, { createOnly: this.#io.canCreateOnly(location) }, signal)
    return {
      write: (bytes) => writer.write(bytes),
      abort: () => writer.abort(),
      close: () => this.#put(location, () => writer.close()),
    }
  }

  /** Takes everything back, also after an abort. */
  async removeAll(): Promise<void> {
    await this.#io.remove(this.#locations.splice(0))
  }

  // A file that is there already belongs to somebody else and is never replaced.
  async #put(location: string, write: () => Promise<WriteOutcome>): Promise<WriteOutcome> {
    // Before the outcome is known: a write that fails may have taken effect.
    this.#locations.push(location)
    const outcome = await write()
    if (outcome === 'written') return outcome
    this.#locations.pop()
    throw new MoraineError(
      'already-exists',
      `${location} exists already, perhaps from an earlier attempt with the same name; every attempt needs a name of its own`,
    )
  }
}
