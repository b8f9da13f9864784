import { grantsWithoutCatalog } from '@moraine/management/access/grant'
import type { Credential, Principal, PrincipalStore } from '@moraine/management/access/principal'

/** `removeGrants`: that name a catalog, as stores do when it goes. */
export function memoryPrincipals(): PrincipalStore & { removeGrants(catalog: string): void } {
  const principals = new Map<string, Principal>()
  const credentials = new Map<string, Credential>()
  return {
    removeGrants(catalog) {
      for (const principal of principals.values()) {
        principals.set(principal.name, { ...principal, grants: grantsWithoutCatalog(principal.grants, catalog) })
      }
    },
    findPrincipal: async (name) => principals.get(name),
    listPrincipals: async () => [...principals.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    async addPrincipal(principal) {
      if (principals.has(principal.name)) return false
      principals.set(principal.name, principal)
      return true
    },
    async swapGrants({ name, grants: expected }, grants) {
      const found = principals.get(name)
      if (found === undefined || JSON.stringify(found.grants) !== JSON.stringify(expected)) return false
      principals.set(name, { ...found, grants })
      return true
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
        .filter((each) => principal === undefined || each.principal === principal)
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
