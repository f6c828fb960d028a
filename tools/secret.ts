/** `npm run secret`: prints secrets for a deployment. `--plain` prints one SESSION_SECRET and nothing else. */
import { appendFileSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'

/** How a value of each name is made. */
const makers = { SESSION_SECRET: sessionSecret, ASSERTION_KEY: assertionKey }

if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename) await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<void> {
  const unknown = args.find((arg) => arg !== '--plain')
  if (unknown !== undefined) {
    console.error(`Unknown argument ${unknown}. There is one: --plain.`)
    process.exitCode = 1
  } else if (args.length > 0) {
    console.log(sessionSecret())
  } else {
    console.log(`SESSION_SECRET=${sessionSecret()}
ASSERTION_KEY=${await assertionKey()}

SESSION_SECRET seals sessions, ASSERTION_KEY signs what the gateway tells upstreams about them. Keep both out of git.
Each of these asks for a value; paste what follows the = above:

  npx wrangler secret put SESSION_SECRET
  npx wrangler secret put ASSERTION_KEY

The first deploy wants them before there is a Worker to put them into: save the two lines to a file outside the
repository, deploy with  npx wrangler deploy --secrets-file FILE  and delete the file.
A new SESSION_SECRET alone logs everybody out: to rotate, keep the old one beside it for the life of a session.
In development nothing is to be done: npm run dev writes both to .dev.vars.`)
  }
}

/** 32 random bytes, base64url. */
export function sessionSecret(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
}

/** A private ES256 key as a JWK on one line; its `kid` is the thumbprint of RFC 7638. */
export async function assertionKey(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const { crv, kty, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey)
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify({ crv, kty, x, y })))
  const kid = Buffer.from(digest).toString('base64url')
  return JSON.stringify({ kty, crv, x, y, d, alg: 'ES256', use: 'sig', kid })
}

/** Writes `.dev.vars` where there is none, appends the names it lacks, and never changes what it holds. */
export async function completeDevVars(path: string): Promise<void> {
  const lines: string[] = []
  const found = read(path)
  for (const [name, make] of Object.entries(makers)) {
    // The quotes keep wrangler's dotenv from reading # or $ as its own.
    if (!new RegExp(`^\\s*(?:export\\s+)?${name}\\s*[=:]`, 'm').test(found ?? ''))
      lines.push(`${name}='${await make()}'\n`)
  }
  if (lines.length === 0) return
  const text = lines.join('')
  if (found !== undefined) return appendFileSync(path, found === '' || found.endsWith('\n') ? text : `\n${text}`)
  try {
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    await completeDevVars(path) // another npm run dev was first
  }
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
