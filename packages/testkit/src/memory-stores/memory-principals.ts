import type { Credential, Principal, PrincipalStore } from '@moraine/management/access/principal'

export function memoryPrincipals(): PrincipalStore {
  const principals = new Map<string, Principal>()
  const credentials = new Map<string, Credential>()
  return {
    findPrincipal: async (name) => principals.get(name),
    listPrincipals: async () => [...principals.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    async savePrincipal(principal) {
      const createdAt = principals.get(principal.name)?.createdAt ?? principal.createdAt
      principals.set(principal.name, { ...principal, createdAt })
    },
    async removePrincipal(name) {
      for (const { id, principal } of [...credentials.values()]) if (principal === name) credentials.delete(id)
      return principals.delete(name)
    },
    async findCredential(id) {
      const credential = credentials.get(id)
      const principal = credential && principals.get(credential.principal)
      return credential === undefined || principal === undefined ? undefined : { credential, principal }
    },
    listCredentials: async (principal) =>
      [...credentials.values()]
        .filter((each) => each.principal === principal)
        .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
    async addCredential(credential) {
      if (!principals.has(credential.principal)) return false
      credentials.set(credential.id, credential)
      return true
    },
    async removeCredential(principal, id) {
      return credentials.get(id)?.principal === principal && credentials.delete(id)
    },
  }
}
