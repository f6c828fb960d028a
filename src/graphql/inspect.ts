/**
 * Reads a request to a GraphQL endpoint as its server would, and checks it. The guard and the route of a gateway call
 * it. It consumes the body and returns it. A request that servers could read in two ways is rejected. It throws only if
 * somebody else already reads the body.
 */
import {
  beginsList,
  checkNames,
  createNameCheck,
  possibleNames,
  readParameters,
} from '../parameters/index.ts'
import { checkBody, readWholeBody } from '../request/body/body.ts'
import { mediaType } from '../request/body/content-type.ts'
import { jsonFits } from '../request/body/json-scan.ts'
import { isPreflight, isWebSocketUpgrade } from '../request/kind.ts'
import type { Reason } from '../types.ts'
import { checkGraphqlRequest, type GraphqlVerdict, maxRequestMembers } from './check.ts'
import type { CompiledGraphql } from './limits.ts'

/**
 * The result of an inspection. An allowed request has its body, if it has one, and whether it reads the schema. A
 * rejected one has its body if it was read to its end.
 */
export type InspectionResult =
  | {
      readonly ok: true
      readonly body: Uint8Array<ArrayBuffer> | undefined
      readonly introspects: boolean
    }
  | { readonly ok: false; readonly reason: Reason; readonly body?: Uint8Array<ArrayBuffer> }

const allowedResult: InspectionResult & { readonly ok: true } = {
  ok: true,
  body: undefined,
  introspects: false,
}

/** The exact names under which servers find operations in a URL. */
const exactNames: ReadonlySet<string> = new Set([
  'query',
  'variables',
  'operationName',
  'extensions',
  'documentId',
])
/** Reports whether some server may read a parameter of this name as a part of an operation. */
const mayMean = createNameCheck(...exactNames)

/**
 * Reads and checks a request. It consumes the body, so forward the returned `body` instead. A GET without an operation,
 * such as the page of a console, is allowed.
 *
 * @example
 * const result = await inspectGraphql(request, limits)
 */
export async function inspectGraphql(
  request: Request,
  limits: CompiledGraphql,
): Promise<InspectionResult> {
  const { method, url } = request
  if (isWebSocketUpgrade(request))
    return limits.insecureSockets ? allowedResult : rejectWith('upgrade-unsupported')

  const urlQuery = findUrlOperation(url)
  if (method !== 'POST') return checkWithoutBody(request, urlQuery, limits)

  // Some servers prefer the parameters of the URL to those of the body.
  if (urlQuery !== undefined) return rejectWith('body-malformed')
  const type = readBodyType(request.headers, limits)
  if (type === undefined) return rejectWith('content-type-not-allowed')
  const body = await readBytes(request, limits.maxBodyBytes)
  if (!(body instanceof Uint8Array)) return rejectWith(body)
  const text = decodeText(body)
  if (text === undefined) return { ...rejectWith('body-malformed'), body }
  const verdict = type === 'form' ? checkParameters(text, limits) : checkJson(text, limits)
  return verdict.ok ? { ok: true, body, introspects: verdict.introspects } : { ...verdict, body }
}

/** Checks a request with another method than POST, whose body no server reads. */
function checkWithoutBody(
  request: Request,
  urlQuery: string | undefined,
  limits: CompiledGraphql,
): InspectionResult {
  const { method } = request
  // A preflight has no operation. Servers that ignore the method would execute any other OPTIONS request that has one.
  if (method === 'OPTIONS') {
    const hasOperation = !isPreflight(request) && (urlQuery !== undefined || request.body !== null)
    return hasOperation ? rejectWith('method-not-allowed') : allowedResult
  }

  if (method !== 'GET' && method !== 'HEAD') return rejectWith('method-not-allowed')
  if (urlQuery === undefined) return allowedResult
  return limits.get ? checkGet(urlQuery, limits) : rejectWith('method-not-allowed')
}

function rejectWith(reason: Reason): { readonly ok: false; readonly reason: Reason } {
  return { ok: false, reason }
}

/** Returns the query of a URL if some server may find an operation in it, or a part of one. */
function findUrlOperation(url: string): string | undefined {
  const queryIndex = url.indexOf('?')
  const search = queryIndex === -1 ? '' : url.slice(queryIndex + 1)
  if (search === '') return undefined
  const names = possibleNames(search)
  return names === undefined || names.some(mayMean) ? search : undefined
}

function checkGet(search: string, limits: CompiledGraphql): InspectionResult {
  const verdict = checkParameters(search, limits)
  if (!verdict.ok) return verdict
  // A persisted operation may be a mutation too, but its server knows that, and GraphQL over HTTP (section 5.4) forbids
  // it to execute one.
  if (verdict.mutates && new URLSearchParams(search).has('query'))
    return rejectWith('method-not-allowed')
  return { ...allowedResult, introspects: verdict.introspects }
}

function checkParameters(search: string, limits: CompiledGraphql): GraphqlVerdict {
  // A semicolon belongs to its value, unless the text after it could be a part of an operation.
  const parameters = readParameters(search, { keepsSemicolons: true })
  const namedCount = parameters?.filter(([name]) => mayMean(name)).length
  if (parameters === undefined || possibleNames(search)?.filter(mayMean).length !== namedCount) {
    return rejectWith('body-malformed')
  }
  const request: Record<string, unknown> = {}
  for (const [name, value] of parameters) {
    if (!mayMean(name)) continue
    // For a name that occurs twice or in another spelling, servers choose different parameters.
    if (!exactNames.has(name) || Object.hasOwn(request, name)) return rejectWith('body-malformed')
    if (name !== 'variables' && name !== 'extensions') request[name] = value
    else {
      const json =
        value === ''
          ? { ok: true as const, value: undefined }
          : tryParseJson(value, { maxDepth: limits.maxVariableDepth })
      if (!json.ok) return rejectWith(json.reason)
      request[name] = json.value
    }
  }
  return checkGraphqlRequest(request, limits)
}

function checkJson(text: string, limits: CompiledGraphql): GraphqlVerdict {
  if (limits.maxBatch === 0 && beginsList(text)) return rejectWith('graphql-batch')
  // The variables are one level deep in a request, which is one level deep in a list.
  const json = tryParseJson(text, {
    maxDepth: limits.maxVariableDepth + (limits.maxBatch > 0 ? 2 : 1),
    maxMembers: maxRequestMembers,
  })
  return json.ok ? checkGraphqlRequest(json.value, limits) : rejectWith(json.reason)
}

interface JsonBounds {
  readonly maxDepth: number
  /** Most members of the object itself. Default: any number. */
  readonly maxMembers?: number
}

/**
 * Parses JSON in which all servers find the same names. With two members `query`, one server uses the first and another
 * the last.
 */
function tryParseJson(
  text: string,
  { maxDepth, maxMembers }: JsonBounds,
):
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: Reason } {
  if (!jsonFits(text, maxDepth)) {
    const onlyTooDeep = jsonFits(text, text.length)
    return { ok: false, reason: onlyTooDeep ? 'graphql-variables-too-deep' : 'body-malformed' }
  }

  // The names are checked first, because parsing thousands of members that nothing reads takes longer than all other
  // checks.
  const names = checkNames(text, maxMembers)
  if (names === 'too-many') return { ok: false, reason: 'graphql-malformed' }
  if (names === 'unclear') return { ok: false, reason: 'body-malformed' }
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false, reason: 'body-malformed' }
  }
}

function readBodyType(
  headers: Headers,
  { form, text }: CompiledGraphql,
): 'json' | 'form' | undefined {
  const type = mediaType(headers)
  // With another charset, or a parameter that only one side knows, the server could read another text.
  const parameters = (headers.get('content-type') ?? '').toLowerCase().split(';').slice(1)
  if (!parameters.every((parameter) => /^(?:charset=(?:utf-?8|"utf-?8"))?$/.test(parameter.trim())))
    return undefined
  if (
    type === 'application/json' ||
    type === 'application/graphql+json' ||
    (text && type === 'text/plain')
  )
    return 'json'
  return form && type === 'application/x-www-form-urlencoded' ? 'form' : undefined
}

/** Reads the bytes of a body, or returns the reason of its rejection. At most `maxBytes` are kept in memory. */
async function readBytes(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | Reason> {
  const verdict = checkBody(request, { maxBytes, inspected: true })
  if (!verdict.ok) return verdict.reason
  if (verdict.body === undefined) return 'body-malformed'
  const { body, length } = verdict
  const wholeBody = await readWholeBody(body, { maxBytes, length })
  return wholeBody.ok ? wholeBody.bytes : wholeBody.reason
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes UTF-8. A byte order mark is kept, so that it is malformed, because only some servers accept one. */
function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
