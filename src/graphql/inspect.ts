/**
 * Reads a request to a GraphQL endpoint as its server would, and checks it. It rejects requests
 * that two servers could read in two ways. The guard and the gateway's route call it; it consumes
 * the body and returns it. Only an error of the body's stream is thrown.
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
import { checkGraphqlRequest, type GraphqlVerdict, mostMembers } from './check.ts'
import type { CompiledGraphql } from './limits.ts'

/** A request that passes or not: its body, where it was read to its end, and whether it asks for the schema. */
export type InspectionResult =
  | {
      readonly ok: true
      readonly body: Uint8Array<ArrayBuffer> | undefined
      readonly introspects: boolean
    }
  | { readonly ok: false; readonly reason: Reason; readonly body?: Uint8Array<ArrayBuffer> }

const through: InspectionResult & { readonly ok: true } = {
  ok: true,
  body: undefined,
  introspects: false,
}

/** Names by which servers find operations in a url. */
const exact: ReadonlySet<string> = new Set([
  'query',
  'variables',
  'operationName',
  'extensions',
  'documentId',
])
/** Whether some server may take a parameter of this name for a part of an operation. */
const mayMean = createNameCheck(...exact)

/**
 * Reads and checks a request. It consumes the body, so forward the returned `body` instead. A GET without an operation, such
 * as the page of a console, is allowed.
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
    return limits.insecureSockets ? through : rejectWith('upgrade-unsupported')

  const inUrl = operationInUrl(url)
  if (method !== 'POST') return checkWithoutBody(request, inUrl, limits)

  // Some servers prefer what is in the url to what is in the body.
  if (inUrl !== undefined) return rejectWith('body-malformed')
  const type = readBodyType(request.headers, limits)
  if (type === undefined) return rejectWith('content-type-not-allowed')
  const read = await readBytes(request, limits.maxBodyBytes)
  if (!(read instanceof Uint8Array)) return rejectWith(read)
  const text = decodeText(read)
  if (text === undefined) return { ...rejectWith('body-malformed'), body: read }
  const verdict = type === 'form' ? checkParameters(text, limits) : checkJson(text, limits)
  return verdict.ok
    ? { ok: true, body: read, introspects: verdict.introspects }
    : { ...verdict, body: read }
}

/** Checks a request of another method than POST, whose body no server reads. */
function checkWithoutBody(
  request: Request,
  inUrl: string | undefined,
  limits: CompiledGraphql,
): InspectionResult {
  const { method } = request
  // A preflight asks for nothing; an OPTIONS that holds an operation is one, to a server that looks at no method.
  if (method === 'OPTIONS') {
    const holds = !isPreflight(request) && (inUrl !== undefined || request.body !== null)
    return holds ? rejectWith('method-not-allowed') : through
  }

  if (method !== 'GET' && method !== 'HEAD') return rejectWith('method-not-allowed')
  if (inUrl === undefined) return through
  return limits.get ? checkGet(inUrl, limits) : rejectWith('method-not-allowed')
}

function rejectWith(reason: Reason): { readonly ok: false; readonly reason: Reason } {
  return { ok: false, reason }
}

/** The url's query where some server may find an operation in it, or a part of one. */
function operationInUrl(url: string): string | undefined {
  const at = url.indexOf('?')
  const search = at === -1 ? '' : url.slice(at + 1)
  if (search === '') return undefined
  const names = possibleNames(search)
  return names === undefined || names.some(mayMean) ? search : undefined
}

function checkGet(search: string, limits: CompiledGraphql): InspectionResult {
  const verdict = checkParameters(search, limits)
  if (!verdict.ok) return verdict
  // A persisted operation may change things, too, but its server knows: GraphQL over HTTP forbids it to, section 5.4.
  if (verdict.mutates && new URLSearchParams(search).has('query'))
    return rejectWith('method-not-allowed')
  return { ...through, introspects: verdict.introspects }
}

function checkParameters(search: string, limits: CompiledGraphql): GraphqlVerdict {
  // A semicolon in a value is one, unless what stands behind it could be a part of an operation.
  const parameters = readParameters(search, { keepsSemicolons: true })
  const named = parameters?.filter(([name]) => mayMean(name)).length
  if (parameters === undefined || possibleNames(search)?.filter(mayMean).length !== named) {
    return rejectWith('body-malformed')
  }
  const request: Record<string, unknown> = {}
  for (const [name, value] of parameters) {
    if (!mayMean(name)) continue
    // Twice, or spelled in another way: servers differ in which one counts.
    if (!exact.has(name) || Object.hasOwn(request, name)) return rejectWith('body-malformed')
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
  // The variables stand in a request, which may stand in a list.
  const json = tryParseJson(text, {
    maxDepth: limits.maxVariableDepth + (limits.maxBatch > 0 ? 2 : 1),
    maxMembers: mostMembers,
  })
  return json.ok ? checkGraphqlRequest(json.value, limits) : rejectWith(json.reason)
}

interface JsonBounds {
  readonly maxDepth: number
  /** Members of the object itself. Default: any number. */
  readonly maxMembers?: number
}

/** JSON in which all servers find the same names: of two members `query` one takes the first, another the last. */
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

  // Before the parser: for thousands of members that nobody looks at it takes longer than all that is done here.
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
  // Another charset is another reading, and so is any parameter that only one side knows.
  const rest = (headers.get('content-type') ?? '').toLowerCase().split(';').slice(1)
  if (!rest.every((parameter) => /^(?:charset=(?:utf-?8|"utf-?8"))?$/.test(parameter.trim())))
    return undefined
  if (
    type === 'application/json' ||
    type === 'application/graphql+json' ||
    (text && type === 'text/plain')
  )
    return 'json'
  return form && type === 'application/x-www-form-urlencoded' ? 'form' : undefined
}

/** The bytes of a body, or why they are refused; no more is kept in memory than the limit. */
async function readBytes(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | Reason> {
  const verdict = checkBody(request, { maxBytes, inspected: true })
  if (!verdict.ok) return verdict.reason
  if (verdict.body === undefined) return 'body-malformed'
  const { body, length } = verdict
  const whole = await readWholeBody(body, { maxBytes, length })
  return whole.ok ? whole.bytes : whole.reason
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8, and nothing in front: servers differ in whether they take a byte order mark. */
function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
