/** Who is asking, by the word of the guard: no cookie is opened and no store asked a second time. */
import { assertionVerifier } from 'portcullis/vercel'
import { whoIsAsking } from '../../../lib/sessions.ts'

const verify = assertionVerifier({
  key: () => process.env.ASSERTION_KEY,
  issuer: () => process.env.PUBLIC_ORIGIN,
})

export async function GET(request: Request): Promise<Response> {
  const asserted = await verify(request.headers)
  if (asserted === undefined)
    return Response.json({ error: 'nobody is signed in' }, { status: 401 })
  const who = await whoIsAsking()
  return Response.json({ user: asserted.user, idleExpiresAt: who?.info.idleExpiresAt })
}
