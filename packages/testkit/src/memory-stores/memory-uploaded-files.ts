import type { UploadedFile, UploadedFileStore } from '@moraine/management/catalogs/uploaded-file'

export function memoryUploadedFiles(): UploadedFileStore {
  const files = new Map<string, UploadedFile>()
  return {
    async findFile(fileId, now) {
      const file = files.get(fileId)
      return file !== undefined && file.expiresAt > now ? file : undefined
    },
    async addFile(file, now, filesMax) {
      const newest = [...files.values()].filter(({ expiresAt }) => expiresAt > now)
      newest.sort((a, b) => b.expiresAt - a.expiresAt || (a.fileId < b.fileId ? -1 : 1))
      files.clear()
      for (const each of [...newest.slice(0, filesMax - 1), file]) files.set(each.fileId, each)
    },
  }
}
