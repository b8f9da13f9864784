import type { CatalogUpdateInfo } from '@moraine/api/rest/catalog-register-schemas'
import { CATALOG_FILES, type CatalogForm } from '@moraine/management/catalogs/catalog-form'
import type { UploadedFile } from '@moraine/management/catalogs/uploaded-file'
import { MoraineError } from '@moraine/stdx/error'
import { MASK } from '../../catalogs/catalog-secrets.ts'

export type FormValue = NonNullable<CatalogUpdateInfo['storageConfig']>[string]

type FindUpload = (fileId: string) => Promise<Pick<UploadedFile, 'content'> | undefined>

/**
 * The form that a client of Amoro sends, with the contents of the files that it names.
 *
 * @throws {MoraineError} `invalid-input` naming the field of a file that is not there
 */
export async function formOfBody(body: CatalogUpdateInfo, findUpload: FindUpload): Promise<CatalogForm> {
  const { name: _, version: __, storageConfig = {}, authConfig = {}, ...form } = body
  return {
    ...form,
    storageConfig: await textsOf(storageConfig, 'storageConfig', findUpload),
    authConfig: await textsOf(authConfig, 'authConfig', findUpload),
  }
}

/** A file that is sent back as it was shown, or not at all, stays. */
async function textsOf(
  map: Readonly<Record<string, FormValue>>,
  field: string,
  findUpload: FindUpload,
): Promise<Record<string, string>> {
  const texts: [key: string, text: string][] = []
  for (const [key, value] of Object.entries(map)) {
    const isFile = Object.hasOwn(CATALOG_FILES, key)
    if (typeof value !== 'string') {
      if (value.fileName !== '') texts.push([key, MASK])
    } else if (!isFile || !/^\d{0,16}$/.test(value)) texts.push([key, value])
    else if (value !== '') texts.push([key, await contentOf(value, `${field}.${key}`, findUpload)])
  }
  return Object.fromEntries(texts)
}

async function contentOf(fileId: string, field: string, findUpload: FindUpload): Promise<string> {
  const found = await findUpload(fileId)
  if (found !== undefined) return found.content
  throw new MoraineError(
    'invalid-input',
    `${field}: there is no uploaded file ${fileId}; each is forgotten after a day, or sooner where many are sent: send it again (POST /files) and give its new id, or its content in base64`,
  )
}
