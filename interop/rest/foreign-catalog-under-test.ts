import type { Catalog } from '@moraine/catalogs/catalog'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { systemClock } from '@moraine/stdx/clock'
import type { CatalogUnderTest } from '@moraine/testkit/conformance/catalog-under-test'

/** Two clients of one REST server, which hold nothing in common; what the first sends and is sent can get lost. */
export async function openForeignPair(
  properties: Readonly<Record<string, string>>,
): Promise<Pick<CatalogUnderTest, 'catalog' | 'other' | 'loseNextAnswer' | 'loseNextRequest'>> {
  let losing: 'answer' | 'request' | undefined
  const lossy: typeof fetch = async (input, init) => {
    const what = losing
    losing = undefined
    if (what === 'request') throw new TypeError('fetch failed')
    const response = await fetch(input, init)
    if (what === undefined) return response
    await response.arrayBuffer()
    throw new TypeError('fetch failed')
  }
  return {
    catalog: await openForeign(properties, lossy),
    other: await openForeign(properties),
    loseNextAnswer() {
      losing = 'answer'
    },
    loseNextRequest() {
      losing = 'request'
    },
  }
}

export function openForeign(
  properties: Readonly<Record<string, string>>,
  send: typeof fetch = fetch,
): Promise<Catalog> {
  return openRestCatalog({ name: 'foreign', properties, clock: systemClock, fetch: send })
}
