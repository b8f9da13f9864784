import type { UploadedFileStore } from '@moraine/management/catalogs/uploaded-file'
import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'

export function sqlUploadedFiles(db: Kysely<Database>): UploadedFileStore {
  return {
    async findFile(fileId, now) {
      const row = await db
        .selectFrom('uploaded_file')
        .selectAll()
        .where('file_id', '=', fileId)
        .where('expires_at', '>', now)
        .executeTakeFirst()
      return row && { fileId, name: row.name, content: row.content, expiresAt: row.expires_at }
    },
    async addFile({ fileId, name, content, expiresAt }, now, filesMax) {
      await db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('uploaded_file').where('expires_at', '<=', now).execute()
        const newest = transaction.selectFrom('uploaded_file').select('file_id').orderBy('expires_at', 'desc')
        const overdue = (await newest.orderBy('file_id').execute()).slice(filesMax - 1).map((row) => row.file_id)
        if (overdue.length > 0) await transaction.deleteFrom('uploaded_file').where('file_id', 'in', overdue).execute()
        const values = { file_id: fileId, name, content, expires_at: expiresAt }
        await transaction.insertInto('uploaded_file').values(values).execute()
      })
    },
  }
}
