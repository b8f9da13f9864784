import { type Static, Type } from 'typebox'

const key = Type.String({ minLength: 1, maxLength: 1000 })
const text = Type.String({ maxLength: 100_000 })

/** A stored file as the API shows it, and takes it back: its content is never sent. */
const storedFile = Type.Object({ fileName: Type.String(), fileUrl: Type.String() })
/** XML and key files come in base64. */
const fileOrText = Type.Union([Type.String({ maxLength: 3_000_000 }), storedFile])

const formFields = {
  type: Type.String({ maxLength: 64 }),
  optimizerGroup: Type.Optional(Type.String({ maxLength: 255 })),
  tableFormatList: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 16 })),
  storageConfig: Type.Optional(Type.Record(key, fileOrText)),
  authConfig: Type.Optional(Type.Record(key, fileOrText)),
  properties: Type.Optional(Type.Record(key, text)),
  tableProperties: Type.Optional(Type.Record(key, text)),
}

/** Amoro's `CatalogRegisterInfo`. */
export const catalogRegisterInfo = Type.Object(
  { name: Type.String({ maxLength: 255 }), ...formFields },
  { title: 'CatalogRegisterInfo' },
)

export const catalogUpdateInfo = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: 255 })),
    version: Type.Optional(
      Type.Integer({
        description: 'Of the catalog that the change was made from: 409 if it has another. Not in Amoro.',
      }),
    ),
    ...formFields,
  },
  {
    title: 'CatalogUpdateInfo',
    description:
      'The catalog is the one of the path. A secret that is absent or masked stays; an empty one is removed.',
  },
)
export type CatalogUpdateInfo = Static<typeof catalogUpdateInfo>

/** Amoro's `CatalogSettingInfo`. */
export const catalogSettingInfo = Type.Object(
  {
    name: Type.String(),
    type: Type.String(),
    optimizerGroup: Type.String(),
    tableFormatList: Type.Array(Type.String()),
    storageConfig: Type.Record(Type.String(), fileOrText),
    authConfig: Type.Record(Type.String(), fileOrText, { description: 'A secret that is set is masked.' }),
    properties: Type.Record(Type.String(), Type.String()),
    tableProperties: Type.Record(Type.String(), Type.String()),
    secretsSet: Type.Array(Type.String(), { description: 'Which secrets are set. Not in Amoro.' }),
    version: Type.Integer({ description: 'Another one after each change. Not in Amoro.' }),
  },
  { title: 'CatalogSettingInfo' },
)
export type CatalogSettingInfo = Static<typeof catalogSettingInfo>

export const saveQuery = Type.Object({
  test: Type.Boolean({ default: false, description: 'Save only what passes the connection test. Not in Amoro.' }),
})

export const metastoreParams = Type.Object({ type: Type.String({ maxLength: 64 }) })
export const metastoreEntry = Type.Object({ value: Type.String(), display: Type.String() }, { title: 'MetastoreEntry' })

const words = Type.Array(Type.String())
export const storageEntry = Type.Object(
  {
    value: Type.String({ description: 'What `storage.type` in `storageConfig` says.' }),
    formats: words,
    schemes: Type.Array(Type.String(), { description: 'Of locations there, such as gs.' }),
    settings: Type.Array(Type.String(), { description: 'Further keys of `storageConfig`.' }),
    authTypes: Type.Array(Type.String(), { description: 'What `auth.type` in `authConfig` may say.' }),
    properties: Type.Array(Type.String(), {
      description: 'Properties by which files there are reached; they count before the other two maps.',
    }),
  },
  { title: 'StorageEntry', description: 'A kind of storage that a type of catalog takes. Not in Amoro.' },
)

export const catalogTypeProperties = Type.Object(
  {
    required: Type.Array(Type.String(), { description: 'Properties without which there is no such catalog.' }),
    elsewhere: Type.Record(Type.String(), Type.String(), {
      description: 'Those of them that may be said elsewhere, and where.',
    }),
    optional: Type.Array(Type.String(), { description: 'Properties of its own that it takes besides.' }),
    common: Type.Array(Type.String(), { description: 'What catalogs of every type take.' }),
  },
  {
    title: 'CatalogTypeProperties',
    description: 'What may be said in `properties`, beside what reaches the files. Others are allowed. Not in Amoro.',
  },
)

export const connectionReport = Type.Object(
  {
    passed: Type.Boolean({ description: 'No step failed; some may have been skipped.' }),
    steps: Type.Array(
      Type.Object({
        step: Type.String({ description: 'reach, list, read or commit.' }),
        outcome: Type.String({ description: 'passed, failed or skipped.' }),
        text: Type.String({ description: 'What was seen, why it failed, or why it was skipped.' }),
        warning: Type.Optional(
          Type.String({ description: 'What is probably not as it was meant, though the catalog can be used.' }),
        ),
        elapsedMs: Type.Integer(),
      }),
    ),
  },
  { title: 'ConnectionReport' },
)
