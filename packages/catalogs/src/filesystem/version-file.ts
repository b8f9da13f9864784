/** The metadata file of one version of a table in Hadoop layout: `<table>/metadata/v7.metadata.json`. */
export type VersionFile = { readonly version: number; readonly location: string }

/** With a trailing slash. */
export function metadataFolder(tableLocation: string): string {
  return `${tableLocation}/metadata/`
}

/** The file that a writer of this version creates. */
export function versionFile(tableLocation: string, version: number, codec: 'none' | 'gzip'): VersionFile {
  const name = codec === 'gzip' ? `v${version}.gz.metadata.json` : `v${version}.metadata.json`
  return { version, location: metadataFolder(tableLocation) + name }
}

/**
 * All files that may hold this version, the one that counts first where there are several. The last name is what old
 * writers gave compressed files.
 */
export function versionFileCandidates(tableLocation: string, version: number): readonly VersionFile[] {
  const folder = metadataFolder(tableLocation)
  return ['metadata.json', 'gz.metadata.json', 'metadata.json.gz'].map((ending) => ({
    version,
    location: `${folder}v${version}.${ending}`,
  }))
}

/** `undefined` for a location that is no metadata file in Hadoop layout. */
export function parseVersionFile(location: string): (VersionFile & { readonly tableLocation: string }) | undefined {
  const match = /^(.*)\/metadata\/v(\d{1,9})\.(?:metadata\.json|gz\.metadata\.json|metadata\.json\.gz)$/s.exec(location)
  if (match === null) return undefined
  const [, tableLocation = '', digits] = match
  return { version: Number(digits), location, tableLocation }
}

/** The copy that a drop leaves of a table's current version. No reader takes it for a version. */
export type DroppedCopy = { readonly version: number; readonly tableUuid: string; readonly location: string }

/** The table's id is part of the name, so that one look tells whether this table is dropped from this version. */
export function droppedCopy(tableLocation: string, version: number, tableUuid: string | undefined): DroppedCopy {
  const id = tableUuid ?? 'without-id'
  return { version, tableUuid: id, location: `${metadataFolder(tableLocation)}dropped-v${version}-${id}.json` }
}

/** `undefined` for a location that is no such copy in the table's metadata folder. */
export function parseDroppedCopy(tableLocation: string, location: string): DroppedCopy | undefined {
  const folder = metadataFolder(tableLocation)
  if (!location.startsWith(folder)) return undefined
  const match = /^dropped-v(\d{1,9})-([^/]+)\.json$/.exec(location.slice(folder.length))
  if (match === null) return undefined
  const [, digits, tableUuid = ''] = match
  return { version: Number(digits), tableUuid, location }
}
