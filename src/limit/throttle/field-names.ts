/** Which other name an origin might read as the field that names the account. */

/**
 * Parts of a name as servers take names apart: `user[email]` (Rack, PHP, qs) and `user.email` (Spring, ASP.NET) are both
 * `user` and `email`; `email[]` and `email[` are `email`. Without case.
 */
function partsOf(name: string): string[] {
  return plain(name)
    .split(/[[\].]/)
    .filter((part) => part !== '')
}

/** Lower case, without what some servers trim. */
function plain(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\p{Cc}\p{Cf}\s]/gu, '')
}

/** PHP writes `_` for what no variable's name may hold. */
function underscored(name: string): string {
  return plain(name).replaceAll(/[^\p{L}\p{N}]/gu, '_')
}

/** Makes a check for one field: may a parameter of this name be taken for it, or for a part of it, or hold it? */
export function rivals(field: string): (name: string) => boolean {
  const own = partsOf(field)
  const flat = underscored(field)
  return (name) => {
    if (underscored(name) === flat) return true
    const parts = partsOf(name)
    const shared = Math.min(parts.length, own.length)
    return shared > 0 && own.slice(0, shared).every((part, i) => part === parts[i])
  }
}
