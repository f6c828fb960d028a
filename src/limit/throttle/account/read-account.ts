/**
 * Reads the account of a login from the request's body as the upstream will read it, and returns
 * the body that it read, which is then forwarded. The gateway's login throttle creates one reader
 * for each route with a login. A reader never rejects for what a client sends: a body that is
 * malformed, ambiguous or names no account gives the status 400, one over 16 kB (GraphQL 64 kB)
 * 413, and one of another content type or with a content encoding 415.
 */
import {
  beginsList,
  checkNames,
  createMemberReader,
  createNameCheck,
  createParameterReader,
  type FoundParameter,
  hasClearNames,
  readMultipart,
  readParameters,
} from '../../../parameters/index.ts'
import { parseJson } from '../../../request/index.ts'
import { type Account, createAccount, type Normalize } from './account.ts'
import { type GraphqlRule, graphqlMembers, maxMembers, readGraphqlLogin } from './graphql-login.ts'
import { type BodyRead, type LoginMediaType, maxBodyBytes, readBody } from './read-body.ts'

/**
 * The place of the account in a login: a field of a form, urlencoded or multipart; a member of a
 * JSON object, by the names that lead to it; or the argument of a root field in a GraphQL request.
 */
export type AccountRule =
  | ({ readonly form: string } & OptionalAccount)
  | ({ readonly json: string | readonly string[] } & OptionalAccount)
  | GraphqlRule

/** The option of a route that also receives requests which are not logins. */
export interface OptionalAccount {
  /**
   * Whether a request without an account is forwarded, such as a forgotten password or the code of
   * a second step. It is counted for its client's address, and for no account. Default `false`, and
   * `true` with `success: 'wordpress'`.
   */
  readonly optional?: boolean
}

/**
 * The body of a login as it was read: text, or the bytes of a multipart body, whose files need not
 * be text.
 */
export type LoginBody = string | Uint8Array<ArrayBuffer>

/** The account and the request's body as it was read. The upstream receives exactly this body. */
export type AccountRead =
  | { readonly ok: true; readonly account: Account; readonly body: LoginBody }
  /** The request is no login. With `charged`, it is counted for its address. */
  | {
      readonly ok: true
      readonly account: undefined
      readonly body: LoginBody
      readonly charged?: true
    }
  /**
   * The status of a rejected request: 400 where the body names no account or is ambiguous, 413
   * where it is too large, 415 where its content type is not the rule's.
   */
  | { readonly ok: false; readonly status: 400 | 413 | 415 }

/**
 * Reads a request by one rule. `search` is the URL's query, with or without `?`. It never rejects
 * for what a client sent.
 */
export type AccountReader = (request: Request, search: string) => Promise<AccountRead>

const unclear = { ok: false, status: 400 } as const

/** Creates the reader of a validated rule. */
export function createAccountReader(rule: AccountRule, normalize?: Normalize): AccountReader {
  if ('form' in rule) return createFormReader(rule.form, rule.optional === true, normalize)
  return 'json' in rule
    ? createJsonReader([rule.json].flat(), rule.optional === true, normalize)
    : createGraphqlReader(rule, normalize)
}

function createFormReader(field: string, optional: boolean, normalize?: Normalize): AccountReader {
  const mayMean = createNameCheck(field)
  const find = createParameterReader(field)

  return async (request, search) => {
    const read = await readBodyAndQuery(request, search, { types: formTypes, mayMean })
    if (!read.ok) return read

    const body = read.type === 'text' ? read.text : read.bytes
    const account = findField(read, find)
    if (account.status === 'absent' && optional) {
      return { ok: true, account: undefined, body, charged: true }
    }

    return account.status === 'found' ? toAccountRead(account.value, body, normalize) : unclear
  }
}

/** Servers accept a form in both types and find the same fields in them. */
const formTypes = ['application/x-www-form-urlencoded', 'multipart/form-data'] as const

/**
 * Finds a field of a form. The content of a file is no field; a file whose field name is the
 * account's makes the form ambiguous.
 */
function findField(
  read: BodyRead & { readonly ok: true },
  find: ReturnType<typeof createParameterReader>,
): FoundParameter {
  const fields =
    read.type === 'text' ? readParameters(read.text) : readMultipart(read.bytes, read.contentType)
  return fields === undefined ? { status: 'unclear' } : find(fields)
}

function createJsonReader(
  path: readonly string[],
  optional: boolean,
  normalize?: Normalize,
): AccountReader {
  const mayMean = createNameCheck(path)
  const find = createMemberReader(path)

  return async (request, search) => {
    const read = await readJsonAndQuery(request, search, { mayMean })
    if (!read.ok) return read

    const jsonValue = readJson(read.text)
    const account = jsonValue === undefined ? undefined : find(jsonValue)

    if (account?.status === 'absent' && optional) {
      return { ok: true, account: undefined, body: read.text, charged: true }
    }

    return account?.status === 'found' && typeof account.value === 'string'
      ? toAccountRead(account.value, read.text, normalize)
      : unclear
  }
}

/** The most bytes of a GraphQL request, which is often no login. */
const maxGraphqlBytes = 65_536

function createGraphqlReader(rule: GraphqlRule, normalize?: Normalize): AccountReader {
  const mayMean = createNameCheck(...graphqlMembers)
  return async (request, search) => {
    const read = await readJsonAndQuery(request, search, { mayMean, maxBytes: maxGraphqlBytes })
    if (!read.ok) return read

    const jsonValue = readGraphqlJson(read.text)
    const login = jsonValue === undefined ? undefined : readGraphqlLogin(jsonValue, rule)
    if (login === undefined) return unclear

    return login === 'none'
      ? { ok: true, account: undefined, body: read.text }
      : toAccountRead(login.account, read.text, normalize)
  }
}

/**
 * Parses a JSON text in which all servers find the same names. Returns undefined for any other
 * text.
 */
function readJson(text: string): unknown {
  const json = parseJson(text)
  return json.ok && hasClearNames(text) ? json.value : undefined
}

/**
 * Parses a GraphQL request in the same way. A list, and an object with many members, is rejected before it is parsed.
 */
function readGraphqlJson(text: string): unknown {
  if (beginsList(text) || checkNames(text, maxMembers) !== 'clear') return undefined

  const json = parseJson(text)
  return json.ok ? json.value : undefined
}

interface AccountBodyRules {
  readonly types: readonly LoginMediaType[]
  /** Whether some server may read a parameter of this name as the account. */
  readonly mayMean: (fieldName: string) => boolean
  readonly maxBytes?: number
}

/**
 * Reads the body, unless the query of the URL could also name the account, since some servers read
 * it first.
 */
async function readBodyAndQuery(
  request: Request,
  search: string,
  { types, mayMean, maxBytes = maxBodyBytes }: AccountBodyRules,
): Promise<BodyRead> {
  const query = readParameters(search.replace(/^\?/, ''))
  if (query === undefined || query.some(([fieldName]) => mayMean(fieldName))) return unclear
  return readBody(request, types, maxBytes)
}

async function readJsonAndQuery(
  request: Request,
  search: string,
  rules: Omit<AccountBodyRules, 'types'>,
): Promise<BodyRead & ({ readonly ok: false } | { readonly type: 'text' })> {
  const read = await readBodyAndQuery(request, search, { ...rules, types: ['application/json'] })
  return read.ok && read.type !== 'text' ? unclear : read
}

function toAccountRead(text: string, body: LoginBody, normalize?: Normalize): AccountRead {
  // Some servers reject a lone surrogate, and others replace it by another character.
  const account = /\p{Cs}/u.test(text) ? undefined : createAccount(text, normalize)
  return account === undefined ? unclear : { ok: true, account, body }
}
