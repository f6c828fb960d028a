/**
 * Finds the one login in a GraphQL request, and its account. `read-account.ts` calls it for routes
 * whose rule is `graphql`. A document with several logins, or that servers could read in two ways,
 * gives no account but a status.
 */
import {
  type Definition,
  type Document,
  parseWithin,
  type Selection,
  type Value,
} from '../../../graphql-syntax/index.ts'
import { createNameCheck } from '../../../parameters/index.ts'

/** A root field that logs in, and the argument that names the account: `email`, or `['input', 'email']`. */
export interface GraphqlRule {
  readonly graphql: string
  readonly argument: string | readonly string[]
  /** Words and signs of a document, as `graphqlLimits` counts them; more is 400. Default 1,000, at most 10,000. */
  readonly maxTokens?: number
}

/** As `graphqlLimits` has it: nobody writes a longer document by hand. */
const defaultMaxTokens = 1000

/** Members of a request that servers look for, in the query of the address as well. */
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

/** The account of a login; `none` where it is no login; undefined where that cannot be said. */
export type GraphqlLogin = { readonly account: string } | 'none' | undefined

/**
 * Looks through every operation of the document, whichever of them is to be executed, with fragments put in their places.
 * Fields are compared by name: an alias renames the answer, not the field. A document with a login holds nothing else: what
 * another field or another operation does could look like its success.
 *
 * @param request - the request's body, parsed
 */
export function readGraphqlLogin(request: unknown, rule: GraphqlRule): GraphqlLogin {
  const { graphql, argument, maxTokens = defaultMaxTokens } = rule
  // A list is a batch: more than one guess in one request. Without a text it is a persisted query, which only its server knows.
  if (!isObject(request) || typeof request.query !== 'string' || !hasPlainMembers(request))
    return undefined

  const variables = request.variables ?? {}
  if (!isObject(variables)) return undefined

  const parsed = parseWithin(request.query, maxTokens)
  if (parsed.status !== 'parsed') return undefined

  const { document } = parsed
  const fields = rootFields(document)
  if (fields === undefined) return undefined

  const logins = fields.filter(({ name }) => name === graphql)
  if (logins.length === 0) return 'none'

  const [operation, ...otherOperations] = document.operations
  const isAlone =
    otherOperations.length === 0 &&
    fields.every(({ name }) => name === graphql || name === '__typename')
  const [login] = logins
  if (!isAlone || login === undefined || logins.length > 1 || operation === undefined)
    return undefined

  // A fragment that is spread twice is two logins, since servers may execute it so.
  if (!spreadsOnce(document)) return undefined

  const path = [argument].flat()
  const account = resolveArgument(
    { is: 'object', members: login.args },
    path,
    operation.defaults,
    variables,
  )

  return typeof account === 'string' ? { account } : undefined
}

const taken: ReadonlySet<string> = new Set(['query', 'variables', 'operationName', 'extensions'])
const mayBeMember = createNameCheck(...graphqlMembers)
/** Members of a request; servers know five. */
const mostMembers = 20

/**
 * Whether the text is what any server executes. Go finds `Query` as well and takes the last of two; an id, or the hash of a
 * persisted query, is another text that only its server knows.
 */
function hasPlainMembers(request: Record<string, unknown>): boolean {
  const { extensions } = request
  if (
    isObject(extensions) &&
    Object.keys(extensions).some((fieldName) => /persisted|hash/i.test(fieldName))
  )
    return false

  const names = Object.keys(request)
  return (
    names.length <= mostMembers &&
    names.every((fieldName) => taken.has(fieldName) || !mayBeMember(fieldName))
  )
}

type RootField = Extract<Selection, { is: 'field' }>

/**
 * The root fields of all operations, each fragment walked once. undefined: a fragment spreads itself, or one that is not
 * there. As deep as there are tokens, and no deeper.
 */
function rootFields({ operations, fragments }: Document): RootField[] | undefined {
  const fields: RootField[] = []
  const state = new Map<string, 'open' | 'done'>()

  function walk({ selections }: Pick<Definition, 'selections'>): boolean {
    for (const selection of selections) {
      if (selection.is === 'field') fields.push(selection)
      else if (selection.is === 'inline') {
        if (!walk(selection)) return false
      } else if (!walkFragment(selection.name)) return false
    }

    return true
  }

  function walkFragment(fieldName: string): boolean {
    const fragment = fragments.get(fieldName)
    if (fragment === undefined || state.get(fieldName) === 'open') return false
    if (state.get(fieldName) === 'done') return true

    state.set(fieldName, 'open')
    const walked = walk(fragment)
    state.set(fieldName, 'done')

    return walked
  }

  return operations.every(walk) ? fields : undefined
}

/** Whether no fragment is spread more than once at the root, by the operations or by other fragments. */
function spreadsOnce({ operations, fragments }: Document): boolean {
  const seen = new Set<string>()
  const open = operations.map(({ selections }) => selections)

  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    for (const selection of each) {
      if (selection.is === 'field') continue
      if (selection.is === 'inline') {
        open.push(selection.selections)
        continue
      }

      if (seen.has(selection.name)) return false

      seen.add(selection.name)
      open.push(fragments.get(selection.name)?.selections ?? [])
    }
  }

  return true
}

/** The JSON value at a path of an argument; undefined where it cannot be known, or stands twice. */
function resolveArgument(
  value: Value,
  path: readonly string[],
  defaults: ReadonlyMap<string, Value>,
  variables: Record<string, unknown>,
): unknown {
  if (value.is === 'variable') {
    if (Object.hasOwn(variables, value.name)) return readMember(variables[value.name], path)
    const byDefault = defaults.get(value.name)

    // A default is a constant: it holds no variable that could lead back here.
    return byDefault === undefined || byDefault.is === 'variable'
      ? undefined
      : resolveArgument(byDefault, path, defaults, {})
  }

  const [name, ...rest] = path
  if (name === undefined) return value.is === 'text' ? value.text : undefined
  if (value.is !== 'object') return undefined

  const named = value.members.filter(([member]) => member === name)
  const [only] = named

  return named.length === 1 && only !== undefined
    ? resolveArgument(only[1], rest, defaults, variables)
    : undefined
}

function readMember(jsonValue: unknown, path: readonly string[]): unknown {
  let at = jsonValue
  for (const fieldName of path) {
    if (!isObject(at) || !Object.hasOwn(at, fieldName)) return undefined
    at = at[fieldName]
  }

  return at
}

function isObject(jsonValue: unknown): jsonValue is Record<string, unknown> {
  return typeof jsonValue === 'object' && jsonValue !== null && !Array.isArray(jsonValue)
}
