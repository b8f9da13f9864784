/** An address as a message names it: without user and password, without parameters. */
export function addressForMessages(address: string): string {
  return withoutAddressSecrets(address.replace(/[?#].*$/s, ''))
}

/**
 * The text in which no address has a user, a password or a credential among its parameters. Azure's `container@account` is
 * no user.
 */
export function withoutAddressSecrets(text: string): string {
  if (!text.includes('://') && !/[?&;]/.test(text)) return text
  return text
    .replace(USER_INFO, keptUserInfo)
    .replace(PARAMETER, (whole: string, before: string, name: string) =>
      CREDENTIAL.test(name) ? `${before}${name}=${HIDDEN}` : whole,
    )
}

/** Whether such an address is in the text. */
export function hasAddressSecrets(text: string): boolean {
  return withoutAddressSecrets(text) !== text
}

// Every part is bounded by signs that it cannot have itself: no text makes these slow.
const USER_INFO = /:\/\/([^\s/?#"<>]*)@/g
const PARAMETER = /([?&;])([^=&;?#\s"<>]{1,128})=[^&;#\s"<>]+/g
const CREDENTIAL = /password|passwd|passphrase|pwd|secret|token|signature|credential|[-_]key|key$|sig$/i
const HIDDEN = '***'

function keptUserInfo(whole: string, userInfo: string, offset: number, text: string): string {
  const isContainer = /(?:abfs|wasb)s?$/i.test(text.slice(Math.max(0, offset - 5), offset)) && !/[:@]/.test(userInfo)
  return isContainer ? whole : '://'
}
