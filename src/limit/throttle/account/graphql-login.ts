/**
 * Finds the one login in a GraphQL request and reads its account, for a gateway route whose account
 * rule is `graphql`. `read-account.ts` calls it with the parsed body. It is pure and throws
 * nothing: a request without a login gives `'none'`; a batch, a persisted query, a document with
 * several logins, or one that servers could read in two ways gives undefined, which its caller
 * answers with 400.
 */
import {
  type Definition,
  type Document,
  parseWithin,
  type RootField,
  type Value,
} from '../../../graphql-syntax/index.ts'
import { createNameCheck } from '../../../parameters/index.ts'

/**
 * The account rule of a GraphQL login: the root field that logs in, and the argument with the
 * account, such as `email` or `['input', 'email']`.
 */
export interface GraphqlRule {
  readonly graphql: string
  readonly argument: string | readonly string[]
  /**
   * The most tokens of a document, as `graphqlLimits` counts them; more is 400. Default 1,000, at
   * most 10,000.
   */
  readonly maxTokens?: number
}

/** The same default as `graphqlLimits`. */
const defaultMaxTokens = 1000

/**
 * The members of a GraphQL request that servers read, from the body or from the query of the URL.
 */
export const graphqlMembers: readonly string[] = [
  ...[
    'query',
    'mutation',
    'variables',
    'operationName',
    'extensions',
    'documentId',
    'doc_id',
    'queryId',
    'id',
    'hash',
  ],
]

/**
 * The account of a login; `'none'` for a request that is no login; undefined where that cannot be
 * decided.
 */
export type GraphqlLogin = { readonly account: string } | 'none' | undefined

/**
 * Reads the login of a request. Every operation of the document is examined, whichever is to be
 * executed, with its fragments expanded. Fields are compared by name: an alias renames the
 * response, not the field. A document with a login must contain nothing else, because the response
 * of another field or operation could look like a success of the login.
 *
 * @param request - the request's body, parsed
 */
export function readGraphqlLogin(request: unknown, rule: GraphqlRule): GraphqlLogin {
  const { graphql, argument, maxTokens = defaultMaxTokens } = rule
  // A list is a batch, with which one request could make several guesses. A request without a query
  // text is a persisted query, which only its server knows.
  if (!isObject(request) || typeof request.query !== 'string' || !hasPlainMembers(request))
    return undefined

  const variables = request.variables ?? {}
  if (!isObject(variables)) return undefined

  const defaults = new Map<string, Value>()
  const parseResult = parseWithin(request.query, maxTokens, {
    keepsRootFields: true,
    onDefault: (name, value) => defaults.set(name, value),
  })
  if (parseResult.status !== 'parsed') return undefined

  const { document } = parseResult
  const fields = rootFields(document)
  if (fields === undefined) return undefined

  const logins = fields.filter(({ name }) => name === graphql)
  if (logins.length === 0) return 'none'

  const isAlone =
    document.operations.length === 1 &&
    fields.every(({ name }) => name === graphql || name === '__typename')
  const [login] = logins
  if (!isAlone || login === undefined || logins.length > 1) return undefined

  // A server may execute a fragment that is spread twice as two logins.
  if (!spreadsOnce(document)) return undefined

  const path = [argument].flat()
  const account = resolveArgument({ is: 'object', members: login.args }, path, defaults, variables)

  return typeof account === 'string' ? { account } : undefined
}

const standardMembers: ReadonlySet<string> = new Set([
  'query',
  'variables',
  'operationName',
  'extensions',
])
const mayBeMember = createNameCheck(...graphqlMembers)
/** The most members of a request. The GraphQL-over-HTTP specification defines four. */
export const maxMembers = 20
/** The most members of its extensions; clients send one or two. */
const maxExtensions = 100

/**
 * Reports whether every server executes the text of `query`. Go also matches `Query` and uses the
 * last of two. An id or the hash of a persisted query replaces the text by one that only its server
 * knows.
 */
function hasPlainMembers(request: Record<string, unknown>): boolean {
  const { extensions } = request
  if (isObject(extensions)) {
    const names = Object.keys(extensions)
    if (names.length > maxExtensions) return false
    if (names.some((fieldName) => /persisted|hash/i.test(fieldName))) return false
  }

  const names = Object.keys(request)
  return (
    names.length <= maxMembers &&
    names.every((fieldName) => standardMembers.has(fieldName) || !mayBeMember(fieldName))
  )
}

/**
 * Collects the root fields of all operations, with each fragment expanded once. Returns undefined
 * where a fragment contains itself or does not exist. The recursion is no deeper than the document
 * has tokens.
 */
function rootFields({ operations, fragments }: Document): RootField[] | undefined {
  const fields: RootField[] = []
  const state = new Map<string, 'open' | 'done'>()

  function walk(definition: Definition): boolean {
    fields.push(...definition.rootFields)
    return definition.spreads.every(({ name, depth }) => depth > 0 || walkFragment(name))
  }

  function walkFragment(fragmentName: string): boolean {
    const fragment = fragments.get(fragmentName)
    if (fragment === undefined || state.get(fragmentName) === 'open') return false
    if (state.get(fragmentName) === 'done') return true

    state.set(fragmentName, 'open')
    const isComplete = walk(fragment)
    state.set(fragmentName, 'done')

    return isComplete
  }

  return operations.every(walk) ? fields : undefined
}

/**
 * Reports whether each fragment is spread at most once at the root, by operations and other
 * fragments together.
 */
function spreadsOnce({ operations, fragments }: Document): boolean {
  const spreadNames = new Set<string>()
  const pending: Definition[] = [...operations]

  for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
    for (const { name, depth } of each.spreads) {
      if (depth > 0) continue
      if (spreadNames.has(name)) return false

      spreadNames.add(name)
      const fragment = fragments.get(name)
      if (fragment !== undefined) pending.push(fragment)
    }
  }

  return true
}

/**
 * Returns the JSON value at a path inside an argument. Returns undefined where it is unknown, or
 * where a name occurs twice.
 */
function resolveArgument(
  value: Value,
  path: readonly string[],
  defaults: ReadonlyMap<string, Value>,
  variables: Record<string, unknown>,
): unknown {
  if (value.is === 'variable') {
    if (Object.hasOwn(variables, value.name)) return readMember(variables[value.name], path)
    const defaultValue = defaults.get(value.name)

    // A default is a constant, without a variable that could refer back to itself.
    return defaultValue === undefined || defaultValue.is === 'variable'
      ? undefined
      : resolveArgument(defaultValue, path, defaults, {})
  }

  const [name, ...rest] = path
  if (name === undefined) return value.is === 'text' ? value.text : undefined
  if (value.is !== 'object') return undefined

  const matches = value.members.filter(([member]) => member === name)
  const [match] = matches

  return matches.length === 1 && match !== undefined
    ? resolveArgument(match[1], rest, defaults, variables)
    : undefined
}

function readMember(jsonValue: unknown, path: readonly string[]): unknown {
  let current = jsonValue
  for (const fieldName of path) {
    if (!isObject(current) || !Object.hasOwn(current, fieldName)) return undefined
    current = current[fieldName]
  }

  return current
}

function isObject(jsonValue: unknown): jsonValue is Record<string, unknown> {
  return typeof jsonValue === 'object' && jsonValue !== null && !Array.isArray(jsonValue)
}
