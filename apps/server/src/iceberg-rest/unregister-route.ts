import { formatIdentifier } from '@moraine/catalogs/table-identifier'
import { decodeMetadataFile } from '@moraine/iceberg/metadata/metadata-file'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { MoraineError } from '@moraine/stdx/error'
import { readMade } from '../requests/read-made.ts'
import { identifierOf, type RestAnswer, type RestCall, type RestRoute } from './rest-route.ts'
import { answerWith } from './table-routes.ts'

/** By which a table is handed to another catalog: it is forgotten here, its files stay, and its last state is answered. */
export const UNREGISTER_ROUTE: RestRoute = {
  method: 'POST',
  path: '/v1/{prefix}/namespaces/{namespace}/tables/{table}/unregister',
  needs: 'write-table',
  answer: unregister,
}

async function unregister(call: RestCall): Promise<RestAnswer> {
  const { name, dropped } = call.catalog
  // Only this one says which state it dropped: of others a commit might come in between, and be lost to the next catalog.
  if (dropped === undefined) {
    throw new MoraineError(
      'unsupported',
      `catalog ${name} does not say in which state it forgets a table; stop its writers, load it, and drop it without a purge`,
    )
  }
  const identifier = identifierOf(call)
  // What cannot be read is not forgotten.
  const before = await call.catalog.loadTable(identifier, call.signal)
  const { metadataLocation } = await dropped.dropTable(identifier, { purge: false })
  if (metadataLocation === before.metadataLocation) return answerWith(before, 'all')
  const made = `table ${formatIdentifier(identifier)} was forgotten in the state of its metadata file ${metadataLocation}`
  return readMade(made, async () => {
    const text = decodeMetadataFile(await call.ioOf(before).read(metadataLocation, call.signal), metadataLocation)
    return answerWith({ identifier, metadataLocation, metadata: parseTableMetadata(text, metadataLocation) }, 'all')
  })
}
