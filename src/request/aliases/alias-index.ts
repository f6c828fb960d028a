/**
 * Finds the rules on a page under every further path that servers commonly serve the page at.
 * Access rules, routes and the GraphQL step create an index once. A path without aliases finds
 * nothing.
 */
import { compilePathPattern } from '../path/pattern.ts'

/** Rules by the paths that they also cover. */
export interface AliasIndex<T> {
  /** Adds a rule on a pattern. `direct` also finds it at the paths that the pattern itself covers. */
  add(path: string, rule: T, options?: { readonly direct?: boolean }): void
  /** The rules whose page may be served at this path, none of them twice. The path must be folded if the index is. */
  find(path: string): readonly T[]
}

/**
 * Characters with which a suffix of a page's path can begin: a format or an extension (`/admin.json`, Rails, Spring, Next, React Router), a
 * stream or an attribute (`/admin.php::$DATA`, NTFS; Tapestry), an action (`/admin!edit`, Struts), a parameter
 * (`/admin;jsessionid=1`, servlets), the mark of a backup (`/admin.php~`), or what was escaped and ends a path once a server
 * has undone it (`/admin.php%3Fx.php`, Apache before 2.4.60, CVE-2024-38474).
 */
const boundaries: ReadonlySet<number> = new Set(
  [...'.:!;~?#'].map((character) => character.charCodeAt(0)),
)

/** The documents that servers answer a directory with, and the action that MVC frameworks do: `/admin/index.html`. */
const indexDocument = /^(?:index|default)(?:$|[.:!;~?#])/i

/** Extensions of programs and pages that servers also serve without: MultiViews, `try_files $uri $uri.php`, clean URLs. */
const optionalExtension =
  /\.(?:php\d?|phtml|html?|xhtml|shtml|aspx?|jspx?|jsf|do|action|cfm|cgi|pl|py)$/i

const slash = 0x2f
const none: readonly never[] = []

/**
 * Makes an index. It is built once; to look a path up costs a pass over as many characters as the longest pattern has, and
 * a look-up in a map at each boundary among them.
 *
 * @param folded - whether rules match in any spelling; see `foldedPath`.
 */
export function createAliasIndex<T>(folded: boolean): AliasIndex<T> {
  const pages = new Map<string, T[]>()
  const documents = new Map<string, T[]>()
  const here = new Map<string, T[]>()
  const below = new Map<string, T[]>()
  let longest = -1

  function put(map: Map<string, T[]>, text: string, rule: T): void {
    map.set(text, [...(map.get(text) ?? []), rule])
    longest = Math.max(longest, text.length)
  }

  function add(
    path: string,
    rule: T,
    { direct = false }: { readonly direct?: boolean } = {},
  ): void {
    const { text, prefix } = compilePathPattern(path, folded)
    // The pattern `/*` covers every path there is.
    if (text !== '') put(pages, text, rule)
    if (!prefix) put(documents, text, rule)
    if (direct) put(here, text, rule)
    if (direct && prefix) put(below, text, rule)

    const name = text.slice(text.lastIndexOf('/') + 1)
    // Behind a script stands what it is to do: PATH_INFO (RFC 3875 section 4.1.5).
    if (!prefix && name.includes('.')) put(below, text, rule)
    for (const stem of listStems(text, name)) put(here, stem, rule)
  }

  function find(path: string): readonly T[] {
    if (longest < 0) return none

    let found: T[] | undefined
    const offer = (rules: readonly T[] | undefined): void => {
      if (rules === undefined) return
      found ??= []
      for (const rule of rules) if (!found.includes(rule)) found.push(rule)
    }

    offer(here.get(path))
    const last = Math.min(path.length - 1, longest)

    for (let index = 0; index <= last; index++) {
      const charCode = path.charCodeAt(index)
      if (charCode === slash) {
        if (below.size > 0) offer(below.get(path.slice(0, index)))
        if (isIndexDocument(path, index + 1)) offer(documents.get(path.slice(0, index) || '/'))
      } else if (boundaries.has(charCode)) offer(pages.get(path.slice(0, index)))
    }

    return found ?? none
  }

  return { add, find }
}

/** Paths without the extension or the name of the document, where servers take them for the same page. */
function listStems(text: string, name: string): string[] {
  const stems: string[] = []
  if (optionalExtension.test(name)) stems.push(text.slice(0, text.lastIndexOf('.')))
  if (indexDocument.test(name)) stems.push(text.slice(0, -name.length - 1) || '/')

  return stems
}

/** Whether the segment that begins here is one of {@link indexDocument}. */
function isIndexDocument(path: string, startIndex: number): boolean {
  const first = path.charCodeAt(startIndex) | 0x20
  // `i` and `d`: most segments begin with another letter.
  if (first !== 0x69 && first !== 0x64) return false
  return indexDocument.test(path.slice(startIndex, startIndex + 8))
}
