/** What is said of a group that is not there, to whoever named it. */
export function noSuchGroup(name: string): string {
  return `resource group '${name}' does not exist; \`moraine group list\` lists those there are`
}
