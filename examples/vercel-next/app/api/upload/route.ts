/** Counts what arrives. */
export async function POST(request: Request): Promise<Response> {
  return Response.json({ bytes: (await request.arrayBuffer()).byteLength })
}
