/**
 * Checks whether a GraphQL request stays within its limits: tokens, depth, aliases, directives, fields, page sizes and
 * the size of its batch. `inspect.ts` calls it with the parsed request. It returns a verdict and never throws; a
 * malformed document is rejected.
 */
import { type DocumentListener, parseWithin, type Value } from '../graphql-syntax/index.ts'
import type { Reason } from '../types.ts'
import type { CompiledGraphql } from './limits.ts'
import { measure } from './measure.ts'

/**
 * The result of a check: the request is allowed, and whether it reads the schema or changes something; or the reason of
 * its rejection.
 */
export type GraphqlVerdict =
  | { readonly ok: true; readonly introspects: boolean; readonly mutates: boolean }
  | { readonly ok: false; readonly reason: Reason }

/** Greatest depth of a request for the schema. Clients that read the whole schema request a depth of 15. */
const maxIntrospectionDepth = 20

/**
 * Checks a parsed request against the limits: an object, or a list of objects if batches are allowed.
 *
 * @example
 * const verdict = checkGraphqlRequest(await request.json(), limits)
 */
export function checkGraphqlRequest(request: unknown, limits: CompiledGraphql): GraphqlVerdict {
  if (!Array.isArray(request)) return checkOperationRequest(request, limits)
  if (request.length === 0 || request.length > limits.maxBatch)
    return { ok: false, reason: 'graphql-batch' }
  let [introspects, mutates] = [false, false]
  for (const operation of request) {
    const verdict = checkOperationRequest(operation, limits)
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
  const pageCheck = createPageCheck(variables, limits)
  const parseResult = parseWithin(source, limits.maxTokens, pageCheck?.listener)
  if (parseResult.status !== 'parsed') {
    return parseResult.status === 'malformed'
      ? malformedVerdict
      : { ok: false, reason: 'graphql-too-long' }
  }
  const { document } = parseResult
  const size = measure(document)
  if (size === undefined) return malformedVerdict
  if (size.depth > limits.maxDepth || size.introspectionDepth > maxIntrospectionDepth) {
    return { ok: false, reason: 'graphql-too-deep' }
  }
  if (size.aliases > limits.maxAliases) return { ok: false, reason: 'graphql-too-many-aliases' }
  if (size.directives > limits.maxDirectives)
    return { ok: false, reason: 'graphql-too-many-directives' }
  if (size.rootFields > limits.maxRootFields || size.fields > limits.maxFields) {
    return { ok: false, reason: 'graphql-too-many-fields' }
  }
  if (pageCheck?.isWithinLimit() === false) return { ok: false, reason: 'graphql-page-size' }
  return {
    ok: true,
    introspects: document.introspects,
    mutates: document.operations.some(({ kind }) => kind === 'mutation'),
  }
}

const malformedVerdict: GraphqlVerdict = { ok: false, reason: 'graphql-malformed' }

/** The members that servers know: the name in lower case, and its exact spelling. */
const members: ReadonlyMap<string, string> = new Map(
  ['query', 'variables', 'operationName', 'extensions', 'documentId'].map((name) => [
    name.toLowerCase(),
    name,
  ]),
)
/** Length of the longest of these names. Lower case never makes a text shorter. */
const longestMember = 'operationName'.length
/** Most members of a request. Servers know five, and variables are members of an object of their own. */
export const maxRequestMembers = 100

function checkOperationRequest(request: unknown, limits: CompiledGraphql): GraphqlVerdict {
  if (!isObject(request)) return malformedVerdict
  const names = Object.keys(request)
  if (names.length > maxRequestMembers) return malformedVerdict
  for (const name of names) {
    // Go compares names without case, and uses the last of two: `{"query": ..., "QUERY": ...}`.
    if (name.length > longestMember) continue
    const exactName = members.get(name.toUpperCase().toLowerCase())
    if (exactName !== undefined && exactName !== name) return malformedVerdict
  }
  const { query, variables, extensions, documentId } = request
  // Some servers parse variables again if they are a text.
  if (variables !== undefined && variables !== null && !isObject(variables)) return malformedVerdict
  if (query === undefined || query === null) {
    const isPersisted = isObject(extensions) && isObject(extensions.persistedQuery)
    const isStored = isPersisted || isText(documentId)
    return isStored ? { ok: true, introspects: false, mutates: true } : malformedVerdict
  }
  return typeof query === 'string'
    ? checkDocument(query, variables ?? {}, limits)
    : malformedVerdict
}

/** Checks the page sizes of a document while it is read. */
interface PageCheck {
  readonly listener: DocumentListener
  /** Reports whether all sizes are within the limit. It must be called after the document was read. */
  isWithinLimit(): boolean
}

/** Creates the check of page sizes, or returns undefined if every size is allowed. */
function createPageCheck(
  variables: object,
  { maxTake, takeNames }: CompiledGraphql,
): PageCheck | undefined {
  if (maxTake === undefined) return undefined

  const isWithinLimit = (value: unknown): boolean => {
    // A text of digits counts as a number, because scalars for large numbers accept one. No server reads any other text
    // as a number.
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    return typeof number !== 'number' || Number.isNaN(number) || (number >= 0 && number <= maxTake)
  }
  const isConstantWithinLimit = (value: Value): boolean =>
    value.is === 'number' || value.is === 'text' ? isWithinLimit(value.text) : true

  let exceedsLimit = false
  /** Variables that are page sizes and have no value in the request. */
  const absentVariables = new Set<string>()
  // A default may belong to any operation, because it is not known here which one is executed.
  const excessiveDefaults = new Set<string>()
  return {
    listener: {
      argumentNames: takeNames,
      onArgument(value) {
        if (value.is !== 'variable') exceedsLimit ||= !isConstantWithinLimit(value)
        else if (!Object.hasOwn(variables, value.name)) absentVariables.add(value.name)
        else exceedsLimit ||= !isWithinLimit((variables as Record<string, unknown>)[value.name])
      },
      onDefault(name, value) {
        if (!isConstantWithinLimit(value)) excessiveDefaults.add(name)
      },
    },
    isWithinLimit: () =>
      !exceedsLimit && ![...absentVariables].some((name) => excessiveDefaults.has(name)),
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
