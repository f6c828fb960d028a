/** The sources of one directive of a Content-Security-Policy. */
import { type Issues, nearestKey } from '../../options/index.ts'
import { NONCE } from './nonce.ts'

/** Keywords, which mean something only between single quotes (CSP Level 3 section 2.3.1). */
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
/** Words of Trusted Types, also quoted. */
const trusted = ['script', 'allow-duplicates', 'none']

/**
 * The sources, one by one. Faults: what could end the directive or the header (`;`, `,`, control characters, anything but
 * ASCII), keywords without quotes, quoted words that are no keywords, 'none' beside others, and nonces, which are worth
 * something only if nobody knows them before the response.
 *
 * @param fetching - the directive lists where things come from, so that keywords may occur in it.
 */
export function parseSourceList(
  issues: Issues,
  option: string,
  value: unknown,
  fetching: boolean,
): string[] {
  const items: unknown[] | undefined =
    typeof value === 'string' ? [value] : Array.isArray(value) ? value : undefined
  if (!items?.every((item) => typeof item === 'string')) {
    issues.add(option, 'must be text or a list of texts')
    return []
  }

  const list = items.flatMap((item: string) => item.split(' ')).filter((source) => source !== '')
  const problem = list
    .map((source) => findProblem(source, fetching))
    .find((text) => text !== undefined)

  if (problem) issues.add(option, problem)
  else if (fetching && list.length > 1 && list.includes("'none'"))
    issues.add(option, "has 'none' beside other sources")

  return list
}

function findProblem(source: string, fetching: boolean): string | undefined {
  if (!/^[!-~]*$/.test(source) || /[;,]/.test(source))
    return 'has a character that a policy cannot hold'
  if (fetching && source === NONCE) return undefined

  const word = source.toLowerCase()
  if (!word.startsWith("'")) return fetching ? findUnquotedKeyword(word) : undefined

  const quoted = word.slice(1, word.endsWith("'") ? -1 : undefined)
  if (word.length < 3 || !word.endsWith("'")) return 'has a quote that is not closed'
  if (quoted.startsWith('nonce-'))
    return 'has a fixed nonce, which protects nothing; NONCE stands for a new one in each response'
  if (!fetching)
    return trusted.includes(quoted) ? undefined : 'has a quoted word that is no keyword'
  if (keywords.includes(quoted) || /^sha(?:256|384|512)-[\w+/-]+={0,2}$/.test(quoted))
    return undefined

  const meant = nearestKey(quoted, keywords)
  return `has a quoted word that is no keyword${meant ? `; did you mean '${meant}'?` : ''}`
}

function findUnquotedKeyword(word: string): string | undefined {
  if (keywords.includes(word)) return `has the keyword ${word} without its single quotes`
  return /^(?:nonce|sha(?:256|384|512))-/.test(word)
    ? 'has a nonce or hash without its single quotes'
    : undefined
}
