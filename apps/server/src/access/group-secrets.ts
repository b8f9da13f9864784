import type { ResourceGroup } from '@moraine/management/records/resource-group'
import { derivedKey } from '../secrets/derived-key.ts'

/** What optimizers of a group show when they register; `undefined` where they need not. */
export type GroupSecrets = (group: Pick<ResourceGroup, 'name' | 'properties'>) => string | undefined

/** Changing this property of a group makes its secret another: optimizers that register from then on need the new one. */
const GENERATION = 'secret-generation'

/** Kept nowhere: made of the service's key, and so the same on all servers that share it. */
export function groupSecrets(secretKey: Uint8Array): GroupSecrets {
  return ({ name, properties }) => {
    const purpose = `optimizers ${JSON.stringify([name, properties[GENERATION] ?? ''])}`
    return Buffer.from(derivedKey(secretKey, purpose)).toString('base64url')
  }
}
