/**
 * Parses the sources of one directive of a Content-Security-Policy. `csp/directives.ts` calls it
 * while header options are compiled. It throws nothing itself: a source that would break the
 * header, or a keyword that is misspelt or lacks its quotes, is added to the caller's list of
 * issues. Hosts are not validated further.
 */
import { type Issues, nearestKey } from '../../options/index.ts'
import { NONCE } from '../nonce.ts'

/** The keywords, which are only keywords between single quotes (CSP Level 3 section 2.3.1). */
const keywords = [
  'none',
  'self',
  'unsafe-inline',
  'unsafe-eval',
  'unsafe-hashes',
  'wasm-unsafe-eval',
  'trusted-types-eval',
  'strict-dynamic',
  'report-sample',
  'inline-speculation-rules',
  'report-sha256',
  'report-sha384',
  'report-sha512',
]
/** The keywords of Trusted Types, which are quoted as well. */
const trustedTypeWords = ['script', 'allow-duplicates', 'none']

/**
 * Splits the sources of a directive. It adds an issue for characters that would end the directive
 * or the header (`;`, `,`, control characters, anything but ASCII), keywords without quotes, quoted
 * words that are not keywords, 'none' beside other sources, and fixed nonces, which protect nothing
 * because an attacker can know them before the response.
 *
 * @param isSourceDirective - whether the directive lists sources of content, so that keywords may
 *   occur in it.
 */
export function parseSourceList(
  issues: Issues,
  optionName: string,
  optionValue: unknown,
  isSourceDirective: boolean,
): string[] {
  const items: unknown[] | undefined =
    typeof optionValue === 'string'
      ? [optionValue]
      : Array.isArray(optionValue)
        ? optionValue
        : undefined
  if (!items?.every((listItem) => typeof listItem === 'string')) {
    issues.add(optionName, 'must be a string or a list of strings')
    return []
  }

  const list = items.flatMap((item: string) => item.split(' ')).filter((source) => source !== '')
  const problem = list
    .map((source) => findProblem(source, isSourceDirective))
    .find((text) => text !== undefined)

  if (problem) issues.add(optionName, problem)
  else if (isSourceDirective && list.length > 1 && list.includes("'none'"))
    issues.add(optionName, "has 'none' beside other sources; remove one of them")

  return list
}

function findProblem(source: string, isSourceDirective: boolean): string | undefined {
  if (!/^[!-~]*$/.test(source) || /[;,]/.test(source))
    return 'has a character that a policy cannot contain, such as ; or ,'
  if (isSourceDirective && source === NONCE) return undefined

  const word = source.toLowerCase()
  if (!word.startsWith("'")) return isSourceDirective ? findUnquotedKeyword(word) : undefined

  const keyword = word.slice(1, word.endsWith("'") ? -1 : undefined)
  if (word.length < 3 || !word.endsWith("'")) return 'has a single quote that is not closed'
  if (keyword.startsWith('nonce-'))
    return 'has a fixed nonce, which protects nothing; write NONCE for a new one in each response'
  if (!isSourceDirective)
    return trustedTypeWords.includes(keyword)
      ? undefined
      : 'has a quoted word that is not a keyword'
  if (keywords.includes(keyword) || /^sha(?:256|384|512)-[\w+/-]+={0,2}$/.test(keyword))
    return undefined

  const suggestion = nearestKey(keyword, keywords)
  const hint = suggestion ? `; did you mean '${suggestion}'?` : ''
  return `has a quoted word that is not a keyword${hint}`
}

function findUnquotedKeyword(word: string): string | undefined {
  if (keywords.includes(word)) return `has the keyword ${word} without its single quotes`
  return /^(?:nonce|sha(?:256|384|512))-/.test(word)
    ? 'has a nonce or hash without its single quotes'
    : undefined
}
