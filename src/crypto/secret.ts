/** Judges secrets: a guessable one makes every seal worthless, and nothing else would tell. */
import type { Issues } from '../options/index.ts'

const minLength = 32
const maxLength = 1024
const maxSecrets = 16
const minVariety = 8

/**
 * Judges one secret or several: a list, or one text in which they stand apart by white space or as a JSON list, since
 * environments hold texts and a rotation needs two secrets. Length is all that a secret needs if it is random; what is
 * refused besides is what people paste when it is not: samples from READMEs, one character or a short pattern repeated,
 * counting, white space from a copied line, secrets with commas or quotes where white space should stand.
 *
 * @returns the secrets, in order. Faults name the position in the list and never hold the value.
 */
export function validateSecrets(value: unknown, issues: Issues): readonly string[] {
  if (typeof value !== 'string' && !Array.isArray(value)) {
    issues.add('', 'must be a string or a list of strings')
    return []
  }

  const texts: readonly unknown[] = typeof value === 'string' ? [value] : value
  const list = texts.flatMap((text): readonly unknown[] =>
    typeof text === 'string' ? splitSecrets(text) : [text],
  )
  if (list.length === 0) issues.add('', 'must hold at least one secret')
  if (list.length > maxSecrets) issues.add('', `must hold at most ${maxSecrets} secrets`)

  const one = typeof value === 'string' && list.length === 1
  return validateList(list.slice(0, maxSecrets), one ? () => '' : String, issues)
}

/**
 * The secrets in one text. A passphrase stays one secret: only where something between white space is long enough to be a
 * secret is the text read as several.
 */
function splitSecrets(text: string): readonly string[] {
  const trimmed = text.trim()
  if (trimmed.startsWith('[') && trimmed.endsWith(']')) return listIn(trimmed) ?? [text]

  const parts = trimmed.split(/\s+/)
  return parts.length > 1 && parts.some((part) => part.length >= minLength) ? parts : [text]
}

function listIn(json: string): readonly string[] | undefined {
  try {
    const list: unknown = JSON.parse(json)
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined
  } catch {
    return undefined
  }
}

function validateList(
  list: readonly unknown[],
  name: (at: number) => string,
  issues: Issues,
): readonly string[] {
  const good: string[] = []

  for (const [at, secret] of list.entries()) {
    const problem =
      findProblem(secret) ??
      (list.length > 1 ? problemBeside(secret as string) : undefined) ??
      (list.indexOf(secret) < at ? 'is in the list twice' : undefined)
    if (problem) issues.add(name(at), problem)
    else good.push(secret as string)
  }

  return good
}

/** What a secret brings along where several were written as if white space were not enough: it would be another secret. */
function problemBeside(secret: string): string | undefined {
  if (/^["'`]|["'`]$/.test(secret)) return `begins or ends with a quote: ${howToWrite}`
  return /[,;]$/.test(secret) ? `ends with a comma or a semicolon: ${howToWrite}` : undefined
}

const howToWrite =
  'several secrets in one text stand apart by white space alone, the one that seals first'

function findProblem(secret: unknown): string | undefined {
  if (typeof secret !== 'string') return 'must be a string'
  if (secret.length < minLength) return `must have at least ${minLength} characters`
  if (areJoined(secret))
    return `holds several secrets without white space between them: ${howToWrite}`
  if (secret.length > maxLength) return `must have at most ${maxLength} characters`
  if (secret.trim() !== secret) return 'begins or ends with white space'
  // Half a surrogate pair becomes U+FFFD in UTF-8: two different secrets would be the same key.
  if (/\p{Cc}|\p{Cs}/u.test(secret)) return 'holds control characters or broken Unicode'
  if (findPeriod(secret) < minLength && findPeriod(secret) * 2 <= secret.length)
    return 'repeats a short pattern'
  if (countVariety(secret) < minVariety)
    return `must have at least ${minVariety} different characters`
  if (countsAlong(secret)) return 'counts up or down'
  if (isSample(secret)) return 'is a sample secret, or made of the words that samples are made of'
  return undefined
}

/**
 * Whether commas or semicolons stand between what look like several secrets: of one length, or made of the few characters that
 * `npm run secret` and `openssl rand` print. A random text with a comma somewhere is one secret.
 */
function areJoined(text: string): boolean {
  const parts = text.split(/[,;]/)
  if (parts.length < 2 || parts.some((part) => part.length < minLength)) return false
  return (
    parts.every((part) => part.length === parts[0]?.length) ||
    parts.every((part) => /^[\w+/=.~-]+$/.test(part))
  )
}

function countVariety(text: string): number {
  return new Set(text).size
}

/** Length of the shortest pattern that, repeated, gives the text: Knuth, Morris and Pratt's failure function. */
function findPeriod(text: string): number {
  const border = [0]
  for (let at = 1, length = 0; at < text.length; at++) {
    while (length > 0 && text[at] !== text[length]) length = border[length - 1] as number
    if (text[at] === text[length]) length++
    border.push(length)
  }
  return text.length - (border[text.length - 1] as number)
}

/** Whether three of four characters are the neighbour of, or the same as, the one before: `abcdef…`, `aaaabbbb…`. */
function countsAlong(text: string): boolean {
  let steps = 0
  for (let at = 1; at < text.length; at++) {
    if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) steps++
  }
  return steps * 4 >= text.length * 3
}

/**
 * Words of the sample secrets in READMEs, templates and .env.example files of iron-session, hono-sessions, Keystone,
 * express-session, Auth.js and their tutorials. A random secret loses a few characters here at most.
 */
const sampleWords = new RegExp(
  [
    'complex|secure|insecure|strong|super|random|default|generated?|hidden|private|public|unsafe|placeholder|fallback',
    'password|passphrase|passwort|secret|cookie|session|signing|encryption|encrypt|token|jwt|nextauth|auth|keyboard',
    'development|dev|test|testing|local|example|sample|demo|production|prod|staging|build|only|server|application|app',
    'change|replace|update|please|before|deploy|should|must|this|that|your|with|here|have|string|value|minimum|least|some|also|enough',
    'characters|character|chars|long|bytes|openssl|rand|base64|hex|32|64|key|cat|for|not|use|env|the|me|my|is|at|to|in',
    'qwertyuiop|asdfghjkl|zxcvbnm|1234567890|0123456789|123456789|12345678|1234567|123456|12345|1234|123',
    'correct|horse|battery|staple|lorem|ipsum|dolor|amet|abcdefghijklmnopqrstuvwxyz|abcdef|abc',
  ].join('|'),
  'g',
)

/** Whether too little is left of a secret without the words that samples are made of. */
export function isSample(secret: string): boolean {
  const plain = secret.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
  const left = plain.replaceAll(sampleWords, '')
  return (
    left.length < plain.length && (left.length < minLength / 2 || countVariety(left) < minVariety)
  )
}
