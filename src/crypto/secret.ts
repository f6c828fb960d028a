/**
 * Validates the secrets of an option, since a secret that can be guessed makes every seal worthless and
 * nothing else would notice. `key-ring.ts` calls `validateSecrets` while a ring is created, and
 * `iron-passwords.ts` calls `isSample`.
 *
 * Short secrets, samples from documentation, repeated or counting characters, control characters and
 * secrets that are not separated by white space are reported as issues, by position and never by
 * value. Only valid secrets are returned, at most 16. It throws nothing.
 */
import type { Issues } from '../options/index.ts'

const minLength = 32
const maxLength = 1024
const maxSecrets = 16
const minVariety = 8

/**
 * Validates one secret or several: a list, or one text with white space between the secrets, or a JSON list in a text,
 * since environments hold texts and a rotation needs two secrets. A random secret only has to be long enough. The other
 * checks find what people paste instead: samples from READMEs, one character or a short pattern repeated, counting,
 * white space from a copied line, and commas or quotes instead of white space between secrets.
 *
 * @returns the valid secrets in order. Issues name the position in the list and never hold the value.
 */
export function validateSecrets(optionValue: unknown, issues: Issues): readonly string[] {
  if (typeof optionValue !== 'string' && !Array.isArray(optionValue)) {
    issues.add('', 'must be a string or a list of strings')
    return []
  }

  const texts: readonly unknown[] = typeof optionValue === 'string' ? [optionValue] : optionValue
  const list = texts.flatMap((text): readonly unknown[] =>
    typeof text === 'string' ? splitSecrets(text) : [text],
  )
  if (list.length === 0) issues.add('', 'must contain at least one secret')
  if (list.length > maxSecrets) issues.add('', `must contain at most ${maxSecrets} secrets`)

  const isSingle = typeof optionValue === 'string' && list.length === 1
  return validateList(list.slice(0, maxSecrets), isSingle ? () => '' : String, issues)
}

/**
 * Splits a text into secrets. A passphrase stays one secret: the text is split only if a part between white space is
 * long enough to be a secret.
 */
function splitSecrets(text: string): readonly string[] {
  const content = text.trim()
  if (content.startsWith('[') && content.endsWith(']')) return parseList(content) ?? [text]

  const parts = content.split(/\s+/)
  return parts.length > 1 && parts.some((part) => part.length >= minLength) ? parts : [text]
}

function parseList(json: string): readonly string[] | undefined {
  try {
    const list: unknown = JSON.parse(json)
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined
  } catch {
    return undefined
  }
}

function validateList(
  list: readonly unknown[],
  createName: (index: number) => string,
  issues: Issues,
): readonly string[] {
  const secrets: string[] = []

  for (const [index, secret] of list.entries()) {
    const problem =
      findProblem(secret) ??
      (list.length > 1 ? findQuoteOrComma(secret as string) : undefined) ??
      (list.indexOf(secret) < index ? 'is in the list twice' : undefined)
    if (problem) issues.add(createName(index), problem)
    else secrets.push(secret as string)
  }

  return secrets
}

/**
 * Finds the quotes and commas of a list whose parts are separated by more than white space: they would belong to a
 * secret.
 */
function findQuoteOrComma(secret: string): string | undefined {
  if (/^["'`]|["'`]$/.test(secret)) return `begins or ends with a quote: ${howToWrite}`
  return /[,;]$/.test(secret) ? `ends with a comma or a semicolon: ${howToWrite}` : undefined
}

const howToWrite =
  'separate several secrets in one text by white space only, the one that seals first'

function findProblem(secret: unknown): string | undefined {
  if (typeof secret !== 'string') return 'must be a string'
  if (secret.length < minLength) return `must have at least ${minLength} characters`
  if (areJoined(secret))
    return `holds several secrets without white space between them: ${howToWrite}`
  if (secret.length > maxLength) return `must have at most ${maxLength} characters`
  if (secret.trim() !== secret) return 'begins or ends with white space'
  // Half a surrogate pair becomes U+FFFD in UTF-8, so that two different secrets would give the same key.
  if (/\p{Cc}|\p{Cs}/u.test(secret)) return 'holds control characters or broken Unicode'

  const period = findPeriod(secret)
  if (period < minLength && period * 2 <= secret.length) return 'repeats a short pattern'
  if (countVariety(secret) < minVariety)
    return `must have at least ${minVariety} different characters`
  if (countsAlong(secret)) return 'is not random: it counts up or down'
  if (isSample(secret)) return 'is a sample secret, or consists of words from samples'
  return undefined
}

/**
 * True if commas or semicolons separate parts that look like secrets: parts of one length, or of the few characters
 * that
 * `npx portcullis secret` and `openssl rand` print. A random text that contains a comma is one secret.
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

/**
 * Returns the length of the shortest pattern whose repetition gives the text: Knuth, Morris and Pratt's failure
 * function.
 */
function findPeriod(text: string): number {
  const border = [0]

  for (let index = 1, length = 0; index < text.length; index++) {
    while (length > 0 && text[index] !== text[length]) length = border[length - 1] as number
    if (text[index] === text[length]) length++
    border.push(length)
  }
  return text.length - (border[text.length - 1] as number)
}

/**
 * True if three of four characters equal the character before them or differ from it by one: `abcdef…`, `aaaabbbb…`.
 */
function countsAlong(text: string): boolean {
  let steps = 0

  for (let index = 1; index < text.length; index++) {
    if (Math.abs(text.charCodeAt(index) - text.charCodeAt(index - 1)) <= 1) steps++
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
    'development|dev|test|local|example|sample|demo|production|prod|staging|build|only|server|application|app',
    'change|replace|update|please|before|deploy|should|must|this|that|your|with|here|have|string|value|minimum|least|some|also|enough',
    'characters|character|chars|long|bytes|openssl|rand|base64|hex|32|64|key|cat|for|not|use|env|the|me|my|is|at|to|in',
    'qwertyuiop|asdfghjkl|zxcvbnm|1234567890|0123456789|123456789|12345678|1234567|123456|12345|1234|123',
    'correct|horse|battery|staple|lorem|ipsum|dolor|amet|abcdefghijklmnopqrstuvwxyz|abcdef|abc',
  ].join('|'),
  'g',
)

/** True if too little remains of a secret after the words of samples are removed. */
export function isSample(secret: string): boolean {
  const plain = secret.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
  const rest = plain.replaceAll(sampleWords, '')
  const isTooShort = rest.length < minLength / 2 || countVariety(rest) < minVariety
  return rest.length < plain.length && isTooShort
}
