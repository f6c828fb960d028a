/**
 * Finds the rules of a page under every further path at which servers commonly serve the same page,
 * such as `/admin.json` or `/admin/index.html` for `/admin`. Access rules, the gateway's routes and
 * the GraphQL step create an index once and search it for each request. It throws nothing. It knows
 * only the common forms below: a server with others needs the option `aliases`.
 */
import { compilePathPattern } from '../path/pattern.ts'

/** An index of rules by the paths that they also cover. */
export interface AliasIndex<T> {
  /**
   * Adds a rule with a pattern. With `direct`, it is also found at the paths that the pattern
   * itself covers.
   */
  add(path: string, rule: T, options?: { readonly direct?: boolean }): void
  /**
   * Returns the rules whose page may be served at this path, each once. The path must be folded if
   * the index is.
   */
  find(path: string): readonly T[]
}

/**
 * The characters with which a suffix of a page's path can begin: a format or an extension
 * (`/admin.json`, Rails, Spring, Next, React Router), a stream or an attribute
 * (`/admin.php::$DATA`, NTFS; Tapestry), an action (`/admin!edit`, Struts), a parameter
 * (`/admin;jsessionid=1`, servlets), the mark of a backup (`/admin.php~`), or a character that was
 * escaped and ends the path after a server has decoded it (`/admin.php%3Fx.php`, Apache before
 * 2.4.60, CVE-2024-38474).
 */
const boundaries: ReadonlySet<number> = new Set(
  [...'.:!;~?#'].map((character) => character.charCodeAt(0)),
)

/**
 * The documents that servers send for a directory, and the default action of MVC frameworks:
 * `/admin/index.html`.
 */
const indexDocument = /^(?:index|default)(?:$|[.:!;~?#])/i

/**
 * The extensions of programs and pages that servers also serve without the extension: MultiViews,
 * `try_files $uri $uri.php`, clean URLs.
 */
const optionalExtension =
  /\.(?:php\d?|phtml|html?|xhtml|shtml|aspx?|jspx?|jsf|do|action|cfm|cgi|pl|py)$/i

const slash = 0x2f
const noRules: readonly never[] = []

/**
 * Creates an index. It is built once. A search takes one pass over at most as many characters as
 * the longest pattern has, and one look-up in a map at each boundary among them.
 *
 * @param folded - whether rules match in any spelling; see {@link foldPath} of compare-path.ts.
 */
export function createAliasIndex<T>(folded: boolean): AliasIndex<T> {
  const pages = new Map<string, T[]>()
  const documents = new Map<string, T[]>()
  const here = new Map<string, T[]>()
  const below = new Map<string, T[]>()
  let maxLength = -1

  function put(map: Map<string, T[]>, text: string, rule: T): void {
    map.set(text, [...(map.get(text) ?? []), rule])
    maxLength = Math.max(maxLength, text.length)
  }

  function add(
    path: string,
    rule: T,
    { direct = false }: { readonly direct?: boolean } = {},
  ): void {
    const { text, prefix } = compilePathPattern(path, folded)
    // The pattern `/*` already covers every path.
    if (text !== '') put(pages, text, rule)
    if (!prefix) put(documents, text, rule)
    if (direct) put(here, text, rule)
    if (direct && prefix) put(below, text, rule)

    const name = text.slice(text.lastIndexOf('/') + 1)
    // After a script's name, its path continues with PATH_INFO (RFC 3875 section 4.1.5).
    if (!prefix && name.includes('.')) put(below, text, rule)
    for (const stem of listStems(text, name)) put(here, stem, rule)
  }

  function find(path: string): readonly T[] {
    if (maxLength < 0) return noRules

    let matches: T[] | undefined
    const addRules = (rules: readonly T[] | undefined): void => {
      if (rules === undefined) return
      matches ??= []
      for (const rule of rules) if (!matches.includes(rule)) matches.push(rule)
    }

    addRules(here.get(path))
    const last = Math.min(path.length - 1, maxLength)

    for (let index = 0; index <= last; index++) {
      const charCode = path.charCodeAt(index)
      if (charCode === slash) {
        if (below.size > 0) addRules(below.get(path.slice(0, index)))
        if (isIndexDocument(path, index + 1)) addRules(documents.get(path.slice(0, index) || '/'))
      } else if (boundaries.has(charCode)) addRules(pages.get(path.slice(0, index)))
    }

    return matches ?? noRules
  }

  return { add, find }
}

/**
 * Lists paths without the extension or the document's name, at which servers serve the same page.
 */
function listStems(text: string, name: string): string[] {
  const stems: string[] = []
  if (optionalExtension.test(name)) stems.push(text.slice(0, text.lastIndexOf('.')))
  if (indexDocument.test(name)) stems.push(text.slice(0, -name.length - 1) || '/')

  return stems
}

/** Reports whether the segment that begins at this index is an {@link indexDocument}. */
function isIndexDocument(path: string, startIndex: number): boolean {
  const first = path.charCodeAt(startIndex) | 0x20
  // Most segments begin with another letter than `i` and `d`, so this is checked first.
  if (first !== 0x69 && first !== 0x64) return false
  return indexDocument.test(path.slice(startIndex, startIndex + 8))
}
