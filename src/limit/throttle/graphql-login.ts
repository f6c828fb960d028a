/** Finds the one login in a GraphQL request, and whose it is. */
import {
  type Document,
  graphqlDocument,
  type Operation,
  type Selection,
  type Value,
} from '../../graphql-syntax/index.ts'
import { createNameCheck } from '../../parameters/index.ts'

/** A root field that logs in, and the argument that names the account: `email`, or `['input', 'email']`. */
export interface GraphqlRule {
  readonly graphql: string
  readonly argument: string | readonly string[]
}

/** Members of a request that servers look for, in the query of the address as well. */
export const graphqlMembers: readonly string[] = [
  ...['query', 'mutation', 'variables', 'operationName', 'extensions', 'documentId', 'doc_id', 'queryId', 'id', 'hash'],
]

/** Whose login a request is; `none` where it is no login; undefined where that cannot be said. */
export type GraphqlLogin = { readonly account: string } | 'none' | undefined

/**
 * Looks through every operation of the document, whichever of them is to be executed, with fragments put in their places.
 * Fields are compared by name: an alias renames the answer, not the field.
 *
 * @param request - the request's body, parsed
 */
export function graphqlLogin(request: unknown, { graphql, argument }: GraphqlRule): GraphqlLogin {
  // A list is a batch: more than one guess in one request. Without a text it is a persisted query, which only its server knows.
  if (!isObject(request) || typeof request.query !== 'string' || !hasPlainMembers(request)) return undefined
  const variables = request.variables ?? {}
  if (!isObject(variables)) return undefined
  const document = graphqlDocument(request.query)
  if (document === undefined) return undefined
  const found: unknown[] = []
  for (const operation of document.operations) {
    const fields = rootFields(operation, document)
    if (fields === undefined) return undefined
    for (const { name, args } of fields) {
      if (name !== graphql) continue
      const path = [argument].flat()
      found.push(resolve({ is: 'object', members: args }, path, operation.defaults, variables))
    }
  }
  if (found.length === 0) return 'none'
  const [account] = found
  return found.length === 1 && typeof account === 'string' ? { account } : undefined
}

const taken: ReadonlySet<string> = new Set(['query', 'variables', 'operationName', 'extensions'])
const memberChecks = graphqlMembers.map((name) => createNameCheck(name))

/**
 * Whether the text is what any server executes. Go finds `Query` as well and takes the last of two; an id, or the hash of a
 * persisted query, is another text that only its server knows.
 */
function hasPlainMembers(request: Record<string, unknown>): boolean {
  const { extensions } = request
  if (isObject(extensions) && Object.keys(extensions).some((name) => /persisted|hash/i.test(name))) return false
  return Object.keys(request).every((name) => taken.has(name) || !memberChecks.some((check) => check(name)))
}

/** Spreads that are followed; a fragment that is spread twice counts twice, since servers may execute it so. */
const mostSpreads = 100

type Field = Extract<Selection, { is: 'field' }>

function rootFields({ selections }: Operation, { fragments }: Document): Field[] | undefined {
  const fields: Field[] = []
  const open = [selections]
  let followed = 0
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    for (const selection of each) {
      if (selection.is === 'field') fields.push(selection)
      else if (selection.is === 'inline') open.push(selection.selections)
      else {
        const fragment = fragments.get(selection.name)
        // One that is not there, or that spreads itself.
        if (fragment === undefined || followed++ >= mostSpreads) return undefined
        open.push(fragment.selections)
      }
    }
  }
  return fields
}

/** The JSON value at a path of an argument; undefined where it cannot be known, or stands twice. */
function resolve(
  value: Value,
  path: readonly string[],
  defaults: ReadonlyMap<string, Value>,
  variables: Record<string, unknown>,
): unknown {
  if (value.is === 'variable') {
    if (Object.hasOwn(variables, value.name)) return memberAt(variables[value.name], path)
    const byDefault = defaults.get(value.name)
    // A default is a constant: it holds no variable that could lead back here.
    return byDefault === undefined || byDefault.is === 'variable' ? undefined : resolve(byDefault, path, defaults, {})
  }
  const [name, ...rest] = path
  if (name === undefined) return value.is === 'text' ? value.text : undefined
  if (value.is !== 'object') return undefined
  const named = value.members.filter(([member]) => member === name)
  const [only] = named
  return named.length === 1 && only !== undefined ? resolve(only[1], rest, defaults, variables) : undefined
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return undefined
    at = at[name]
  }
  return at
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
