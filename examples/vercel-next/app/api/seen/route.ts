/** Names of the request headers that reach the project: what a client made up is not among them. */
export function GET(request: Request): Response {
  return Response.json([...request.headers.keys()].sort())
}
