/**
 * Checks whether a GraphQL request stays within its limits: tokens, depth, aliases, directives,
 * fields and the size of its batch. `inspect.ts` calls it with the parsed request. It returns a
 * verdict and never throws; a malformed document is rejected.
 */
import { type DocumentListener, parseWithin, type Value } from '../graphql-syntax/index.ts'
import type { Reason } from '../types.ts'
import type { CompiledGraphql } from './limits.ts'
import { measure } from './measure.ts'

/** Passes, perhaps asking for the schema or changing something; or why it is refused. */
export type GraphqlVerdict =
  | { readonly ok: true; readonly introspects: boolean; readonly mutates: boolean }
  | { readonly ok: false; readonly reason: Reason }

/** Deepest question about a schema; what clients send to learn all of it is 15 deep. */
const deepestIntrospection = 20

/**
 * Checks a parsed request against the limits: an object, or a list of objects where batches are allowed.
 *
 * @example
 * const verdict = checkGraphqlRequest(await request.json(), limits)
 */
export function checkGraphqlRequest(request: unknown, limits: CompiledGraphql): GraphqlVerdict {
  if (!Array.isArray(request)) return checkOperationRequest(request, limits)
  if (request.length === 0 || request.length > limits.maxBatch)
    return { ok: false, reason: 'graphql-batch' }
  let [introspects, mutates] = [false, false]
  for (const one of request) {
    const verdict = checkOperationRequest(one, limits)
    if (!verdict.ok) return verdict
    introspects ||= verdict.introspects
    mutates ||= verdict.mutates
  }
  return { ok: true, introspects, mutates }
}

/**
 * Checks a document and its variables against the limits.
 *
 * @example
 * const verdict = checkDocument('{ viewer { name } }', {}, limits)
 * if (!verdict.ok) return createGraphqlError(verdict.reason, request)
 */
export function checkDocument(
  source: string,
  variables: object,
  limits: CompiledGraphql,
): GraphqlVerdict {
  const pages = createPageCheck(variables, limits)
  const parsed = parseWithin(source, limits.maxTokens, pages?.listener)
  if (parsed.status !== 'parsed') {
    return parsed.status === 'malformed' ? malformed : { ok: false, reason: 'graphql-too-long' }
  }
  const { document } = parsed
  const size = measure(document)
  if (size === undefined) return malformed
  if (size.depth > limits.maxDepth || size.introspectionDepth > deepestIntrospection) {
    return { ok: false, reason: 'graphql-too-deep' }
  }
  if (size.aliases > limits.maxAliases) return { ok: false, reason: 'graphql-too-many-aliases' }
  if (size.directives > limits.maxDirectives)
    return { ok: false, reason: 'graphql-too-many-directives' }
  if (size.rootFields > limits.maxRootFields || size.fields > limits.maxFields) {
    return { ok: false, reason: 'graphql-too-many-fields' }
  }
  if (pages?.isWithinLimit() === false) return { ok: false, reason: 'graphql-page-size' }
  return {
    ok: true,
    introspects: document.introspects,
    mutates: document.operations.some(({ kind }) => kind === 'mutation'),
  }
}

const malformed: GraphqlVerdict = { ok: false, reason: 'graphql-malformed' }

/** Members that servers know, in lower case, and how they are spelled. */
const members: ReadonlyMap<string, string> = new Map(
  ['query', 'variables', 'operationName', 'extensions', 'documentId'].map((name) => [
    name.toLowerCase(),
    name,
  ]),
)
/** Characters of the longest: no text becomes shorter by its case. */
const longestMember = 'operationName'.length
/** Members of a request; more are malformed. Servers know five, and variables are members of an object of their own. */
export const mostMembers = 100

function checkOperationRequest(request: unknown, limits: CompiledGraphql): GraphqlVerdict {
  if (!isObject(request)) return malformed
  const names = Object.keys(request)
  if (names.length > mostMembers) return malformed
  for (const name of names) {
    // Go compares names without case, and takes the last of two: `{"query": ..., "QUERY": ...}`.
    if (name.length > longestMember) continue
    const known = members.get(name.toUpperCase().toLowerCase())
    if (known !== undefined && known !== name) return malformed
  }
  const { query, variables, extensions, documentId } = request
  // Some servers parse variables that are a text once more.
  if (variables !== undefined && variables !== null && !isObject(variables)) return malformed
  if (query === undefined || query === null) {
    const persisted = isObject(extensions) && isObject(extensions.persistedQuery)
    const stored = persisted || isText(documentId)
    return stored ? { ok: true, introspects: false, mutates: true } : malformed
  }
  return typeof query === 'string' ? checkDocument(query, variables ?? {}, limits) : malformed
}

/** Looks at the page sizes of a document while it is read. */
interface PageCheck {
  readonly listener: DocumentListener
  /** Whether none is over the limit; known once the document is read. */
  isWithinLimit(): boolean
}

/** Creates the check of page sizes; undefined where any size is allowed. */
function createPageCheck(
  variables: object,
  { maxTake, takeNames }: CompiledGraphql,
): PageCheck | undefined {
  if (maxTake === undefined) return undefined

  const fits = (value: unknown): boolean => {
    // A text of digits counts: scalars for large numbers take them. What is no number at all no server takes for one.
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    return typeof number !== 'number' || Number.isNaN(number) || (number >= 0 && number <= maxTake)
  }
  const isConstantWithinLimit = (value: Value): boolean =>
    value.is === 'number' || value.is === 'text' ? fits(value.text) : true

  let isOver = false
  /** Variables that are page sizes and that the request has no value for. */
  const absent = new Set<string>()
  // A default is a constant, and may be of any of the operations: nobody knows here which one is executed.
  const overByDefault = new Set<string>()
  return {
    listener: {
      argumentNames: takeNames,
      onArgument(value) {
        if (value.is !== 'variable') isOver ||= !isConstantWithinLimit(value)
        else if (!Object.hasOwn(variables, value.name)) absent.add(value.name)
        else isOver ||= !fits((variables as Record<string, unknown>)[value.name])
      },
      onDefault(name, value) {
        if (!isConstantWithinLimit(value)) overByDefault.add(name)
      },
    },
    isWithinLimit: () => !isOver && ![...absent].some((name) => overByDefault.has(name)),
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
