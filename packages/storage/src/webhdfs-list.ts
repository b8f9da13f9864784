import { checkAborted } from '@moraine/stdx/abort'
import type { FileStatus } from './file-io.ts'
import { isTemporaryName } from './local-temporary.ts'
import type { WebHdfsClient } from './webhdfs-client.ts'
import { listWebHdfsPage, type WebHdfsPage } from './webhdfs-status.ts'
import { type RetryOptions, retrying } from './with-retry.ts'

export type WebHdfsListing = {
  readonly client: WebHdfsClient
  /** Absolute, with a trailing slash. */
  readonly directory: string
  /** What paths go on with after `directory`. */
  readonly namePrefix: string
  /** `directory` as locations of results begin. */
  readonly spelling: string
  readonly retry: RetryOptions
  readonly signal?: AbortSignal | undefined
}

/**
 * The files below a directory whose path goes on with a prefix, and that no write of ours has yet to finish. Asks for pages
 * of some directories at a time. Once there are results, which nobody else can then ask for again, it tries each page again
 * by itself. Holds these pages and the names of directories to come.
 */
export async function* listWebHdfsFiles(listing: WebHdfsListing): AsyncGenerator<FileStatus> {
  const { client, directory, namePrefix, spelling, retry, signal } = listing
  const doing = `listing ${spelling}${namePrefix}`
  const pending: Pending[] = [{ below: '', startAfter: '' }]
  let begun = false
  const read = ({ below, startAfter }: Pending): Promise<WebHdfsPage> => {
    const page = () => listWebHdfsPage(client, directory + below, startAfter, doing, signal)
    return begun ? retrying(retry, page, doing, signal) : page()
  }
  while (pending.length > 0) {
    checkAborted(signal, doing)
    // The latest first, so that what waits are the names of few levels.
    const taken = pending.splice(-PAGES_AT_ONCE)
    const pages = await Promise.all(taken.map(read))
    for (const [at, { entries, hasMore }] of pages.entries()) {
      const { below = '' } = taken[at] ?? {}
      if (hasMore) pending.push({ below, startAfter: entries.at(-1)?.name ?? '' })
      for (const { name, type, sizeBytes, modifiedAt } of entries) {
        if (below === '' && !name.startsWith(namePrefix)) continue
        if (type === 'DIRECTORY') pending.push({ below: `${below}${name}/`, startAfter: '' })
        if (type !== 'FILE' || isTemporaryName(name)) continue
        checkAborted(signal, doing)
        begun = true
        yield { location: `${spelling}${below}${name}`, sizeBytes, modifiedAt }
      }
    }
  }
}

/** A directory below the first one, and the name after which its next page begins. */
type Pending = { readonly below: string; readonly startAfter: string }

const PAGES_AT_ONCE = 8
