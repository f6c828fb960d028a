/**
 * Creates the secrets of a deployment, and the `.dev.vars` with those of development. `main.ts`, `init.ts` and the
 * rotation call it. It throws only what the file system throws.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'

/** The function that creates a value for each name. */
const makers = { SESSION_SECRET: sessionSecret, ASSERTION_KEY: assertionKey }

/** Creates the text that `portcullis secret` prints for developers. */
export async function secretsText(): Promise<string> {
  return `SESSION_SECRET=${sessionSecret()}
ASSERTION_KEY=${await assertionKey()}

SESSION_SECRET seals sessions, ASSERTION_KEY signs what the gateway tells upstreams about them. Keep both out of git.
Each of these asks for a value; paste what follows the = above:

  npx wrangler secret put SESSION_SECRET -e production
  npx wrangler secret put ASSERTION_KEY -e production

The first deploy wants them before there is a Worker to put them into: save the two lines to a file outside the
repository, deploy with  npx wrangler deploy -e production --secrets-file FILE  and delete the file.
A new SESSION_SECRET alone logs everybody out:  npx portcullis secret rotate  replaces one step by step.`
}

/** Creates a secret of 32 random bytes, as base64url. */
export function sessionSecret(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
}

/** Creates a private ES256 key, as a JWK on one line. Its `kid` is the thumbprint of RFC 7638. */
export async function assertionKey(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const { crv, kty, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey)
  const digest = await crypto.subtle.digest(
    'SHA-256',
    new TextEncoder().encode(JSON.stringify({ crv, kty, x, y })),
  )
  const kid = Buffer.from(digest).toString('base64url')

  return JSON.stringify({ kty, crv, x, y, d, alg: 'ES256', use: 'sig', kid })
}

/**
 * Creates `.dev.vars`, or adds the names that it lacks, and never changes what it contains. A new file is readable by
 * its owner only.
 *
 * @returns the names that were written
 */
export async function completeDevVars(path: string, login = false): Promise<string[]> {
  const names: string[] = []
  const lines: string[] = []
  const existing = read(path)

  // The development provider takes any secret.
  const wanted = { ...makers, ...(login && { LOGIN_CLIENT_SECRET: () => 'development' }) }
  for (const [name, make] of Object.entries(wanted)) {
    // Without the quotes, the dotenv of wrangler gives # and $ a meaning.
    if (new RegExp(`^\\s*(?:export\\s+)?${name}\\s*[=:]`, 'm').test(existing ?? '')) continue
    names.push(name)
    lines.push(`${name}='${await make()}'\n`)
  }

  if (lines.length === 0) return names

  const text = lines.join('')
  if (existing !== undefined) {
    appendFileSync(path, existing === '' || existing.endsWith('\n') ? text : `\n${text}`)
    return names
  }

  try {
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    return completeDevVars(path, login) // another process was first
  }

  return names
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
