import type { NextApiRequest, NextApiResponse } from 'next'
import { openSession } from 'portcullis/session'
import { findAccount } from '../../lib/accounts.ts'
import { sessions } from '../../lib/sessions.ts'
import project from '../../project.json' with { type: 'json' }

const { basePath = '', trailingSlash } = project as { basePath?: string; trailingSlash?: boolean }

/** Logs in, or out where nobody is named. */
export default async function handler(
  request: NextApiRequest,
  response: NextApiResponse,
): Promise<void> {
  const headers = new Headers()
  const asked = new Request('http://localhost/', {
    headers: { cookie: request.headers.cookie ?? '' },
  })
  const session = openSession(sessions, { request: asked, headers })
  const account = findAccount(request.body.user, request.body.password)
  if (account === undefined) await session.end()
  else await session.start(account)
  response.setHeader('set-cookie', headers.getSetCookie())
  response.redirect(303, `${basePath}/account${trailingSlash ? '/' : ''}`)
}
