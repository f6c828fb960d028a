/**
 * Creates the response to a rejected GraphQL request, in the shape that GraphQL clients expect. The guard and the route
 * of a gateway call it. The response contains the reason as a code, and nothing that the client sent.
 */
import { reasonStatus } from '../page/reasons.ts'
import type { Reason } from '../types.ts'

const messages: Readonly<Partial<Record<Reason, string>>> = {
  'graphql-malformed': 'The request is not GraphQL that this server accepts.',
  'graphql-too-long': 'The document is too long.',
  'graphql-too-deep': 'The document is nested too deeply.',
  'graphql-variables-too-deep': 'The variables, or the extensions, are nested too deeply.',
  'graphql-too-many-aliases': 'The document has too many aliases.',
  'graphql-too-many-directives': 'The document has too many directives.',
  'graphql-too-many-fields': 'The document requests too many fields.',
  'graphql-batch': 'The request contains too many operations.',
  'graphql-page-size': 'The document requests a page that is too large or has no size.',
  'graphql-introspection': 'Introspection is disabled.',
  'method-not-allowed': 'Operations must be sent with POST.',
  'content-type-not-allowed': 'The content type is not supported.',
  'body-too-large': 'The body is too large.',
  'body-malformed': 'The body could be read in more than one way, or not at all.',
}

/**
 * Creates a response in the shape of GraphQL: one error, whose code is the reason in capitals. The status is the one
 * for a request that was not executed, in both media types.
 *
 * @see GraphQL over HTTP section 6.4
 * @example
 * return createGraphqlError('graphql-too-deep', request)
 */
export function createGraphqlError(reason: Reason, request: Request, requestId?: string): Response {
  const code = reason.toUpperCase().replaceAll('-', '_')
  const message = messages[reason] ?? 'The request is not allowed.'
  const extensions = { code, ...(requestId !== undefined && { requestId }) }
  const response = new Response(
    request.method === 'HEAD' ? null : JSON.stringify({ errors: [{ message, extensions }] }),
    {
      status: reasonStatus(reason),
      headers: {
        'content-type': `${chooseType(request.headers)}; charset=utf-8`,
        'cache-control': 'no-store',
      },
    },
  )
  if (reason === 'method-not-allowed') response.headers.set('allow', 'POST')
  return response
}

/** Chooses the media type: the newer one if the client accepts it by name, otherwise the one that all clients know. */
function chooseType(headers: Headers): string {
  const newer = 'application/graphql-response+json'
  const accept = headers.get('accept')?.toLowerCase().slice(0, 1024) ?? ''
  const acceptedRange = accept.split(',').find((range) => range.split(';', 1)[0]?.trim() === newer)
  return acceptedRange !== undefined && !/;\s?q=0(?:\.0{0,3})?\s?$/.test(acceptedRange)
    ? newer
    : 'application/json'
}
