import { must } from '@moraine/stdx/assert'

/**
 * Where a part listens, for others that are made before it does. It is known once that part has started, since the system
 * may choose the port; whoever asks starts later.
 */
export type ListeningAddress = {
  url(): string
  tell(url: string): void
}

/** @param of the part, by which a question that comes too early names it */
export function listeningAddress(of: string): ListeningAddress {
  let known: string | undefined
  return {
    url: () => must(known, `the address of ${of}, which has not started,`),
    tell(url) {
      known = url
    },
  }
}
