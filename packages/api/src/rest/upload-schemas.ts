import { Type } from 'typebox'

/** As `multipart/form-data`. */
export const uploadForm = Type.Object(
  {
    file: Type.String({
      format: 'binary',
      description: 'A site file or a keytab, 1 MiB at most; one named *.xml has to be a Hadoop configuration.',
    }),
  },
  { title: 'UploadForm' },
)

/** Amoro's answer to an upload. */
export const keptUpload = Type.Object(
  {
    id: Type.String({ description: 'For the fields of a catalog that are files, for a day.' }),
    url: Type.String({ description: 'Where the file can be had back until then.' }),
  },
  { title: 'Upload' },
)

export const uploadParams = Type.Object({ file: Type.String({ pattern: '^[0-9]{1,16}$' }) })

/** The bytes themselves. */
export const uploadContent = Type.Unsafe<Uint8Array>(Type.String({ format: 'binary' }))
