import type { UploadedFileStore } from '@moraine/management/catalogs/uploaded-file'
import type { SecretPlace, SecretVault } from './secret-vault.ts'

/** The same store, which keeps the contents of files sealed: keytabs sign in, and site files have passwords in them. */
export function sealedUploads(store: UploadedFileStore, vault: SecretVault): UploadedFileStore {
  return {
    async findFile(fileId, now) {
      const file = await store.findFile(fileId, now)
      return file && { ...file, content: vault.open(uploadSecret(fileId), file.content) }
    },
    addFile: (file, now, filesMax) =>
      store.addFile({ ...file, content: vault.seal(uploadSecret(file.fileId), file.content) }, now, filesMax),
  }
}

function uploadSecret(fileId: string): SecretPlace {
  return { owner: `uploaded file ${fileId}`, name: 'content', remedy: 'upload the file again' }
}
