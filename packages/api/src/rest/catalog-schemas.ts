import { Type } from 'typebox'
import { stringMap } from './envelope.ts'

export const catalogMeta = Type.Object(
  {
    catalogName: Type.String(),
    catalogType: Type.String(),
    storageConfigs: Type.Record(Type.String(), Type.String(), { description: 'Without files: they hold secrets.' }),
    authConfigs: Type.Record(Type.String(), Type.String(), { description: 'Without secrets.' }),
    catalogProperties: stringMap,
  },
  { title: 'CatalogMeta' },
)

export const listedTable = Type.Object({ name: Type.String(), type: Type.String() }, { title: 'ListedTable' })

export const catalogParams = Type.Object({ catalog: Type.String() })
export const databaseParams = Type.Object({ catalog: Type.String(), db: Type.String() })
export const keywordsQuery = Type.Object({ keywords: Type.Optional(Type.String({ maxLength: 1000 })) })
