import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { FILE_PATH_PROPERTIES } from '@moraine/iceberg/metadata/table-properties'
import { type Grant, isAllowed, type Privilege } from '@moraine/management/access/grant'
import { isPlainName, usualFolder } from '../../access/usual-folder.ts'
import type { AccessDelegation } from './access-delegation.ts'
import { isWithin, parseS3Prefix, type S3Prefix, withoutNested } from './s3-prefix.ts'

/** Which of a table's places somebody may read, and which write. */
export type TableReach =
  | { readonly kind: 'within'; readonly read: readonly S3Prefix[]; readonly write: readonly S3Prefix[] }
  | { readonly kind: 'outside'; readonly why: string }

export type ReachQuestion = {
  readonly catalog: string
  readonly identifier: TableIdentifier
  readonly metadata: Pick<TableMetadata, 'location' | 'properties'>
  readonly grants: readonly Grant[]
}

type Bounds = Pick<AccessDelegation, 'roots' | 'warehouse' | 'catalogType'>

/**
 * The places of a table's files that somebody may come to by their grants.
 *
 * A table's location is what its writers say it is, so it proves nothing: whoever may write one table could name the
 * folder of another. Who has the privilege in all of the catalog comes to any place in its roots. Others come to the folder
 * that this kind of catalog gives to a table of that name, or to the tables of its namespace, and to no other: a table that
 * was put elsewhere, or renamed from there, is out of their reach.
 */
export function tableReach(question: ReachQuestion, bounds: Bounds): TableReach {
  const { location, properties } = question.metadata
  const own = parseS3Prefix(location)
  const others = FILE_PATH_PROPERTIES.flatMap((key) =>
    Object.hasOwn(properties, key) ? [parseS3Prefix(properties[key] ?? '')] : [],
  )
  const reachable = (privilege: Privilege) => {
    const area = areaOf(question, privilege, bounds)
    return (place: S3Prefix | undefined): place is S3Prefix =>
      place !== undefined && area.some((each) => isWithin(place, each))
  }
  const [canRead, canWrite] = [reachable('view-table'), reachable('write-table')]
  if (!canRead(own)) return { kind: 'outside', why: whyOutside(location, own, bounds) }
  const places = [own, ...others]
  const read = withoutNested(places.filter(canRead))
  return { kind: 'within', read, write: withoutNested(places.filter(canRead).filter(canWrite)) }
}

function whyOutside(location: string, own: S3Prefix | undefined, { roots }: Bounds): string {
  if (own === undefined) return `its location ${location} is no folder in S3`
  if (!roots.some((root) => isWithin(own, root))) {
    return `its location ${location} is outside of the warehouse; add it to access-delegation.locations of the catalog`
  }
  return `its location ${location} is not the folder that the catalog gives to tables of that name, so that it takes a role on the whole catalog`
}

/** The folders in which somebody has the privilege, as far as the table goes. */
function areaOf(
  { catalog, identifier: { namespace, name }, grants }: ReachQuestion,
  privilege: Privilege,
  bounds: Bounds,
): readonly S3Prefix[] {
  if (isAllowed(grants, privilege, { catalog })) return bounds.roots
  // Whether such a folder is that of a table nobody looks up here.
  if (bounds.catalogType === 'jdbc' && namespace.length > 1) return []
  const within = bounds.warehouse && usualFolder(bounds.catalogType, namespace)
  if (bounds.warehouse === undefined || within === undefined) return []
  const folder = { bucket: bounds.warehouse.bucket, key: `${bounds.warehouse.key}${within}/` }
  if (isAllowed(grants, privilege, { catalog, namespace })) return [folder]
  const isOfTable = isAllowed(grants, privilege, { catalog, namespace, table: name })
  if (!isOfTable || !isPlainName(name) || bounds.catalogType === 'jdbc') return []
  return [{ bucket: folder.bucket, key: `${folder.key}${name}/` }]
}
