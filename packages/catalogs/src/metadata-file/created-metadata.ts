import { newTableMetadata } from '@moraine/iceberg/metadata/new-table-metadata'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { Clock } from '@moraine/stdx/clock'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import type { CreateTable } from '../catalog.ts'

/** The first metadata of a table that is to be at `location`. */
export function createdMetadata(
  { schema, partitionSpec, sortOrder, properties = {} }: CreateTable,
  location: string,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): TableMetadata {
  return newTableMetadata({
    schema,
    ...(partitionSpec === undefined ? {} : { spec: partitionSpec }),
    ...(sortOrder === undefined ? {} : { sortOrder }),
    location,
    properties,
    uuid: uuidV4(random),
    now: clock.now(),
  })
}
