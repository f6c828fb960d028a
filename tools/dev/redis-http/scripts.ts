/**
 * Upstash's script flag in front of a Redis that does not know it. Plain Redis refuses `allow-key-locking`; here it is
 * taken off, and what it demands of a script, every key declared, is enforced instead. Upstash refuses such a script
 * only in production, which is too late.
 */
import { createHash } from 'node:crypto'
import { Refusal, type Reply } from './resp.ts'

/** Flags of Redis 7. */
const known = new Set([
  'no-writes',
  'allow-oom',
  'allow-stale',
  'no-cluster',
  'allow-cross-slot-keys',
])

/** Enforces declared keys from within the script, on its first line so that every line keeps its number. */
const guard = [
  'local redis = (function(real, declared)',
  'local allowed = {} for _, key in ipairs(declared) do allowed[key] = true end',
  'local function undeclared(...)',
  "local keys = real.pcall('COMMAND', 'GETKEYS', ...)",
  'if keys.err then return end',
  'for _, key in ipairs(keys) do if not allowed[key] then return key end end end',
  'local function refusal(key) return { err =',
  `"ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: " .. key } end`,
  'return setmetatable({',
  'call = function(...) local key = undeclared(...) if key then error(refusal(key)) end return real.call(...) end,',
  'pcall = function(...) local key = undeclared(...) if key then return refusal(key) end return real.pcall(...) end',
  '}, { __index = real }) end)(redis, KEYS)',
].join(' ')

/** How scripts are treated; may change between requests. */
export interface ScriptMode {
  /** Pass scripts on as they are, as a proxy in front of plain Redis does. */
  plain: boolean
  /** Refuse keys that a flagged script did not declare. */
  strict: boolean
}

/** A command as Redis gets it, and what becomes of its reply. */
export interface Prepared {
  readonly command: readonly string[]
  readonly finish?: (reply: Reply) => Reply
}

/** Rewrites script commands and knows scripts by the name in their first comment. */
export interface Scripts {
  prepare(command: readonly string[]): Prepared
  /** The name behind a script command, once its source was seen: `-- name` on its first or second line. */
  nameOf(command: readonly string[]): string | undefined
}

export function scripts(mode: ScriptMode): Scripts {
  const rewritten = new Map<string, string>()
  const names = new Map<string, string>()

  function rewrite(source: string): string {
    const digest = sha1(source)
    const name = /^(?:#![^\n]*\n)?--[ \t]*([^\n]+)/.exec(source)?.[1]
    if (name) names.set(digest, name.trim())

    const out = mode.plain ? source : unflagged(source, mode.strict)
    rewritten.set(digest, sha1(out))

    return out
  }

  const digestOf = (digest = ''): string => rewritten.get(digest.toLowerCase()) ?? digest

  return {
    prepare(command): Prepared {
      const [verb = '', first = '', ...rest] = command
      switch (kindOf(command)) {
        case 'source':
          return { command: [verb, rewrite(first), ...rest] }
        case 'digest':
          return { command: [verb, digestOf(first), ...rest] }
        case 'load': {
          const [source = '', ...more] = rest
          // The client must find again what it gave, not what became of it.
          const answer = Buffer.from(sha1(source))

          return {
            command: [verb, first, rewrite(source), ...more],
            finish: (reply) => (reply instanceof Refusal ? reply : answer),
          }
        }
        case 'exists':
          return { command: [verb, first, ...rest.map(digestOf)] }
        default:
          return { command }
      }
    },
    nameOf(command): string | undefined {
      const kind = kindOf(command)
      if (kind === 'source') return names.get(sha1(command[1] ?? ''))
      return kind === 'digest' ? names.get((command[1] ?? '').toLowerCase()) : undefined
    },
  }
}

function kindOf([verb = '', first = '']: readonly string[]):
  | 'source'
  | 'digest'
  | 'load'
  | 'exists'
  | 'other' {
  const word = verb.toLowerCase()
  if (word === 'eval' || word === 'eval_ro') return 'source'
  if (word === 'evalsha' || word === 'evalsha_ro') return 'digest'
  if (word !== 'script') return 'other'

  const sub = first.toLowerCase()
  return sub === 'load' || sub === 'exists' ? sub : 'other'
}

/** The source without flags that Redis 7 does not know. Without any flag it is a script of the old kind, as it was. */
function unflagged(source: string, strict: boolean): string {
  const shebang = /^#!lua([^\n]*)/.exec(source)
  if (!shebang) return source

  const flags = (/flags=(\S*)/.exec(shebang[1] ?? '')?.[1] ?? '').split(',').filter(Boolean)
  const kept = flags.filter((flag) => known.has(flag))
  if (kept.length === flags.length) return source

  const body = source.slice(shebang[0].length)
  const first = strict && flags.includes('allow-key-locking') ? guard : '--'

  return kept.length > 0
    ? `#!lua flags=${kept.join(',')}${strict ? `\n${guard}` : ''}${body}`
    : first + body
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
