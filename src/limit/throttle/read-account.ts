/** Reads whom a login is for, as the origin will read it: what is passed on is what was read here. */

import { hasTwins } from '../../request/json-names.ts'
import { accountKey } from './account.ts'
import { rivals } from './field-names.ts'
import { type GraphqlRule, graphqlLogin } from './graphql-login.ts'
import { mostBytes, readBody } from './read-body.ts'

/**
 * Where a login names its account: a field of a form, a member of a JSON object, by the names that lead to it, or the
 * argument of a root field in a GraphQL request.
 */
export type AccountRule = { readonly form: string } | { readonly json: string | readonly string[] } | GraphqlRule

/** An account, and the request's body written anew. */
export type AccountRead =
  | { readonly ok: true; readonly account: string; readonly body: string; readonly type: string }
  /** A GraphQL request that is no login. */
  | { readonly ok: true; readonly account: undefined; readonly body: string; readonly type: string }
  /** 400: names no account, or more than one. 413: larger than 16 KB. 415: another content type than the rule's. */
  | { readonly ok: false; readonly status: 400 | 413 | 415 }

/** Reads a request by one rule. `search` is its query, with or without `?`. It never rejects for what a client sent. */
export type AccountReader = (request: Request, search: string) => Promise<AccountRead>

const unclear = { ok: false, status: 400 } as const

/** Makes a reader of a rule that was judged. */
export function accountReader(rule: AccountRule): AccountReader {
  if ('form' in rule) return formReader(rule.form)
  return 'json' in rule ? jsonReader([rule.json].flat()) : graphqlReader(rule)
}

function formReader(field: string): AccountReader {
  const rivalOf = rivals(field)
  const type = 'application/x-www-form-urlencoded'
  return async (request, search) => {
    const read = await bodyBeside(request, search, type, rivalOf)
    if (!read.ok) return read
    const fields = new URLSearchParams(read.text)
    const named = [...fields].filter(([name]) => rivalOf(name))
    const [only] = named
    if (named.length !== 1 || only?.[0] !== field) return unclear
    return found(only[1], fields.toString(), type)
  }
}

function jsonReader(path: readonly string[]): AccountReader {
  const rivalOf = rivals(path.join('.'))
  const type = 'application/json'
  return async (request, search) => {
    const read = await bodyBeside(request, search, type, rivalOf)
    if (!read.ok) return read
    try {
      const value: unknown = JSON.parse(read.text)
      const account = hasTwins(read.text) ? undefined : memberAt(value, path)
      // As written here: where parsers differ, the origin's has nothing left to differ about.
      return typeof account === 'string' ? found(account, JSON.stringify(value), type) : unclear
    } catch {
      return unclear // no JSON, or so deep that it cannot be written
    }
  }
}

/** Bytes of a GraphQL request, which is often none of a login. */
const mostGraphqlBytes = 65_536

function graphqlReader(rule: GraphqlRule): AccountReader {
  const members = ['query', 'variables', 'operationName', 'extensions'].map((name) => rivals(name))
  const rivalOf = (name: string): boolean => members.some((isRival) => isRival(name))
  const type = 'application/json'
  return async (request, search) => {
    const read = await bodyBeside(request, search, type, rivalOf, mostGraphqlBytes)
    if (!read.ok) return read
    try {
      const value: unknown = JSON.parse(read.text)
      const login = hasTwins(read.text) ? undefined : graphqlLogin(value, rule)
      if (login === undefined) return unclear
      const body = JSON.stringify(value)
      return login === 'none' ? { ok: true, account: undefined, body, type } : found(login.account, body, type)
    } catch {
      return unclear
    }
  }
}

/** The body, unless the query names the account as well: some origins look there first. */
async function bodyBeside(
  request: Request,
  search: string,
  type: string,
  rivalOf: (name: string) => boolean,
  most = mostBytes,
): Promise<Awaited<ReturnType<typeof readBody>>> {
  if (search.length > 1 && [...new URLSearchParams(search).keys()].some(rivalOf)) return unclear
  return readBody(request, type, most)
}

/** The member at a path, if at each step there is exactly one name that could be meant. */
function memberAt(value: unknown, path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return undefined
    const rivalOf = rivals(name)
    const names = Object.keys(at).filter(rivalOf)
    if (names.length !== 1 || names[0] !== name) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}

function found(text: string, body: string, type: string): AccountRead {
  const account = accountKey(text)
  return account === undefined ? unclear : { ok: true, account, body, type }
}
