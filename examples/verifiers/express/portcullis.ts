/** Express middleware: lets nobody in without an assertion of the gateway, and says in `res.locals.who` who is asking. */
import type { RequestHandler } from 'express'
import { createRemoteJWKSet, jwtVerify } from 'jose'

export interface Gateway {
  /** The gateway's public origin: `iss`. */
  readonly issuer: string
  /** What the gateway's configuration calls this server: `aud`. */
  readonly audience: string
  readonly jwks?: string
  /** Milliseconds from one fetch of the keys to the next for a `kid` that is not among them. */
  readonly cooldownMs?: number
}

export function portcullis({
  issuer,
  audience,
  jwks,
  cooldownMs = 30_000,
}: Gateway): RequestHandler {
  const url = new URL(jwks ?? `${issuer}/.portcullis/jwks.json`)
  const keys = createRemoteJWKSet(url, { cacheMaxAge: 300_000, cooldownDuration: cooldownMs })
  const pinned = {
    algorithms: ['ES256'],
    issuer,
    audience,
    clockTolerance: 5,
    requiredClaims: ['exp', 'sid'],
  }
  return async (req, res, next) => {
    try {
      res.locals.who = (
        await jwtVerify(req.get('portcullis-assertion') ?? '', keys, pinned)
      ).payload
    } catch {
      return void res.sendStatus(401)
    }
    next()
  }
}
