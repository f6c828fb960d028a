/**
 * Checks whether this machine can run the project: `portcullis doctor`. `main.ts` calls it, and npm before `npm run
 * dev`, so that a developer reads one clear line instead of an error of wrangler. Each finding is printed; a problem
 * ends with status 1.
 */
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { type Exit, exit, Stop } from './exit.ts'
import { readWrangler } from './load.ts'
import { parseDevVars, type Settings } from './review.ts'

/** The lowest version of Node that wrangler 4 runs on. */
const NODE_VERSION = { major: 22, minor: 12 }
/** Milliseconds after which the server behind the gateway counts as not running. */
const PROBE_TIMEOUT_MS = 2000

/** A finding: something that is fine, worth a note, or prevents the project from running. */
interface Finding {
  readonly status: 'ok' | 'note' | 'problem'
  readonly text: string
}

/**
 * Runs `portcullis doctor`: prints each finding on a line of its own.
 *
 * @returns status 1 if the project cannot run
 * @throws {Stop} if there are arguments, or wrangler cannot read its file
 */
export async function doctor(args: readonly string[]): Promise<Exit> {
  if (args.length > 0) throw new Stop(exit.usage, 'portcullis doctor')
  const findings = [checkNode(process.versions.node), checkWrangler()]
  const isReady = findings.every(({ status }) => status === 'ok')
  if (isReady) findings.push(...(await checkProject()))

  for (const { status, text } of findings) console.log(`${status.padEnd(7)} ${text}`)
  return findings.some(({ status }) => status === 'problem') ? exit.faults : exit.ok
}

/** Checks whether wrangler starts on a version of Node. */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isSupported =
    major > NODE_VERSION.major || (major === NODE_VERSION.major && minor >= NODE_VERSION.minor)
  if (isSupported) return { status: 'ok', text: `Node ${version}` }
  return {
    status: 'problem',
    text: `Node ${version} is too old for wrangler, which needs 22.12 or newer: install it, or run \`npx -p node@22 npm run dev\``,
  }
}

function checkWrangler(): Finding {
  try {
    createRequire(resolve('package.json')).resolve('wrangler')
    return { status: 'ok', text: 'wrangler is installed' }
  } catch {
    return { status: 'problem', text: 'wrangler is not installed; install it: npm install' }
  }
}

async function checkProject(): Promise<Finding[]> {
  const path = ['wrangler.toml', 'wrangler.jsonc', 'wrangler.json'].find((name) => existsSync(name))
  if (path === undefined)
    return [
      {
        status: 'problem',
        text: 'there is no wrangler.toml here; create one: npx portcullis init',
      },
    ]

  const settings = (await readWrangler(path)) as Settings
  return [...checkSecrets(path, settings), await checkUpstream(settings)]
}

/**
 * Checks the secrets in `.dev.vars`. Wrangler reads only the names in `secrets.required` from it, and reports nothing
 * about the others.
 */
function checkSecrets(path: string, { secrets }: Settings): Finding[] {
  const required = secrets?.required
  const isLink = lstatSync('.dev.vars', { throwIfNoEntry: false })?.isSymbolicLink() === true
  if (isLink)
    return [
      { status: 'problem', text: '.dev.vars is a symbolic link; make it a file of the project' },
    ]

  const text = existsSync('.dev.vars') ? readFileSync('.dev.vars', 'utf8') : ''
  const names = Object.keys(parseDevVars(text))
  const missing = (required ?? []).filter((name) => !names.includes(name))
  const unread = required === undefined ? [] : names.filter((name) => !required.includes(name))
  return [
    ...missing.map(
      (name): Finding => ({
        status: 'problem',
        text: `.dev.vars has no ${name}: npx portcullis init adds a fresh one, or write it yourself`,
      }),
    ),
    ...unread.map(
      (name): Finding => ({
        status: 'problem',
        text: `.dev.vars: wrangler does not read ${name} until secrets.required in ${path} lists it`,
      }),
    ),
    ...(missing.length + unread.length === 0
      ? [{ status: 'ok', text: 'secrets are in .dev.vars' } as const]
      : []),
  ]
}

async function checkUpstream({ vars }: Settings): Promise<Finding> {
  const url = vars?.UPSTREAM_URL
  if (typeof url !== 'string' || !URL.canParse(url))
    return { status: 'note', text: 'UPSTREAM_URL is not in vars, so the server was not checked' }
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS)
    await fetch(url, { method: 'HEAD', redirect: 'manual', signal })
    return { status: 'ok', text: `${url} answers` }
  } catch {
    return { status: 'note', text: `${url} does not answer: start the server behind the gateway` }
  }
}
