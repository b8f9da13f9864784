import { open } from 'node:fs/promises'
import { MoraineError } from '@moraine/stdx/error'
import type { FileIO, FileWriter } from '@moraine/storage/file-io'
import { localFailure } from '../staging/local-failure.ts'

/** The files one attempt has put into the table's location. Until a commit names them, nobody else knows of them. */
export class PublishedFiles {
  readonly #io: FileIO
  readonly #locations: string[] = []

  constructor(io: FileIO) {
    this.#io = io
  }

  /** Opens a new file of the table. A file that is there already belongs to somebody else and is never replaced. */
  async create(location: string, signal: AbortSignal): Promise<FileWriter> {
    const createOnly = this.#io.canCreateOnly(location)
    const writer = await this.#io.openWriter(location, { createOnly }, signal)
    return {
      write: (bytes) => writer.write(bytes),
      abort: () => writer.abort(),
      close: async () => {
        // Before the outcome is known: a close that fails may have taken effect.
        this.#locations.push(location)
        const outcome = await writer.close()
        if (outcome === 'written') return outcome
        this.#locations.pop()
        throw new MoraineError(
          'already-exists',
          `${location} exists already, perhaps from an earlier attempt with the same name; every attempt needs a name of its own`,
        )
      },
    }
  }

  /** Copies a finished local file into the table. @returns how many bytes it has */
  async publish(path: string, location: string, signal: AbortSignal): Promise<number> {
    const writer = await this.create(location, signal)
    try {
      const sizeBytes = await copyInto(path, writer)
      await writer.close()
      return sizeBytes
    } catch (error) {
      await writer.abort()
      throw error
    }
  }

  async publishBytes(bytes: Uint8Array, location: string, signal: AbortSignal): Promise<void> {
    const writer = await this.create(location, signal)
    try {
      await writer.write(bytes)
      await writer.close()
    } catch (error) {
      await writer.abort()
      throw error
    }
  }

  /** Takes everything back, also after an abort. */
  async removeAll(): Promise<void> {
    await this.#io.remove(this.#locations.splice(0))
  }
}

const PART_BYTES = 8 * 1024 * 1024

async function copyInto(path: string, writer: FileWriter): Promise<number> {
  const file = await open(path, 'r').catch(localFailure(path))
  try {
    const part = Buffer.allocUnsafe(PART_BYTES)
    for (let copied = 0; ; ) {
      const { bytesRead } = await file.read(part, 0, PART_BYTES, null)
      if (bytesRead === 0) return copied
      await writer.write(part.subarray(0, bytesRead))
      copied += bytesRead
    }
  } finally {
    await file.close()
  }
}
