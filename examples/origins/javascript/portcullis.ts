/** The gateway that stands in front, from the environment; the rest of this folder imports it from here. */
import { createOrigin, type Origin, type OriginSession } from '../../../src/origin/index.ts'

const { ISSUER = 'http://localhost:8787', AUDIENCE = 'app', JWKS, COOLDOWN = '30' } = process.env

/** In your own project: `import { createOrigin } from 'portcullis/origin'`. */
export const portcullis: Origin = createOrigin({
  gateway: ISSUER,
  audience: AUDIENCE,
  ...(JWKS && { jwks: JWKS }),
  cooldown: Number(COOLDOWN),
})

export type { OriginSession }
