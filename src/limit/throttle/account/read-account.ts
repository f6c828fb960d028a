/**
 * Reads the account of a login as the origin will read it; the body that is forwarded is the one
 * that was read. The gateway's throttle creates a reader for each route. A request that cannot be
 * read gives the status 400, 413 or 415.
 */
import {
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
import { type GraphqlRule, graphqlMembers, readGraphqlLogin } from './graphql-login.ts'
import { type BodyRead, type LoginMediaType, maxBodyBytes, readBody } from './read-body.ts'

/**
 * Where a login names its account: a field of a form, urlencoded or multipart; a member of a JSON object, by the names that
 * lead to it; or the argument of a root field in a GraphQL request.
 */
export type AccountRule =
  | ({ readonly form: string } & OptionalAccount)
  | ({ readonly json: string | readonly string[] } & OptionalAccount)
  | GraphqlRule

/** For an address that takes more than logins. */
export interface OptionalAccount {
  /**
   * Whether a request with nothing that could name the account passes. It counts for its client's address, not for an
   * account: a lost password, the code of a second step. Default `false`, and `true` with `success: 'wordpress'`.
   */
  readonly optional?: boolean
}

/** The body of a login as it was read: of multipart its bytes, since files need not be text. */
export type LoginBody = string | Uint8Array<ArrayBuffer>

/** An account, and the request's body as it was read, which is all that the upstream gets. */
export type AccountRead =
  | { readonly ok: true; readonly account: Account; readonly body: LoginBody }
  /** No login. `charged`: it counts for its address all the same. */
  | {
      readonly ok: true
      readonly account: undefined
      readonly body: LoginBody
      readonly charged?: true
    }
  /** 400: names no account, or could be read in two ways. 413: larger than 16 KB. 415: another content type than the rule's. */
  | { readonly ok: false; readonly status: 400 | 413 | 415 }

/** Reads a request by one rule. `search` is its query, with or without `?`. It never rejects for what a client sent. */
export type AccountReader = (request: Request, search: string) => Promise<AccountRead>

const unclear = { ok: false, status: 400 } as const

/** Makes a reader of a rule that was validated. */
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

/** Servers that take a form take it in both types, and find the same fields in them. */
const formTypes = ['application/x-www-form-urlencoded', 'multipart/form-data'] as const

/** The field of a form. What a file holds is no field; a file that is called like the account is unclear. */
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

/** Bytes of a GraphQL request, which is often none of a login. */
const mostGraphqlBytes = 65_536

function createGraphqlReader(rule: GraphqlRule, normalize?: Normalize): AccountReader {
  const mayMean = createNameCheck(...graphqlMembers)
  return async (request, search) => {
    const read = await readJsonAndQuery(request, search, { mayMean, maxBytes: mostGraphqlBytes })
    if (!read.ok) return read

    const jsonValue = readJson(read.text)
    const login = jsonValue === undefined ? undefined : readGraphqlLogin(jsonValue, rule)
    if (login === undefined) return unclear

    return login === 'none'
      ? { ok: true, account: undefined, body: read.text }
      : toAccountRead(login.account, read.text, normalize)
  }
}

/** A JSON value in which all servers find the same names; undefined where there is none. */
function readJson(text: string): unknown {
  const json = parseJson(text)
  return json.ok && hasClearNames(text) ? json.value : undefined
}

interface AccountBodyRules {
  readonly types: readonly LoginMediaType[]
  /** Whether some server may take a parameter of this name for the account. */
  readonly mayMean: (fieldName: string) => boolean
  readonly maxBytes?: number
}

/** The body, unless the query could name the account as well: some origins look there first. */
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
  // Half a pair of surrogates is an error to some servers, and another character to the rest.
  const account = /\p{Cs}/u.test(text) ? undefined : createAccount(text, normalize)
  return account === undefined ? unclear : { ok: true, account, body }
}
