import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject } from '@moraine/stdx/exact-json'
import { type JsonDecoder, mapOf, optional, record, required, text } from '@moraine/stdx/exact-json-decode'
import type { EncryptedKey } from './table-metadata.ts'

// Table encryption keys in JSON (table spec, "Encryption Keys").

export const decodeEncryptedKey: JsonDecoder<EncryptedKey> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<EncryptedKey>({
    keyId: required(json, 'key-id', text),
    encryptedKeyMetadata: required(json, 'encrypted-key-metadata', text),
    encryptedById: optional(json, 'encrypted-by-id', text),
    properties: optional(json, 'properties', mapOf(text)),
  })
}

export function encodeEncryptedKey(key: EncryptedKey): JsonObject {
  return {
    'key-id': key.keyId,
    'encrypted-key-metadata': key.encryptedKeyMetadata,
    'encrypted-by-id': key.encryptedById,
    properties: key.properties,
  }
}
