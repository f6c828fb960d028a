/**
 * Wraps an engine so that bound sessions count only together with the bound cookie.
 * `device-bound.ts` creates it, and handles call it in place of the engine. It fails as the
 * wrapped engine does.
 */
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { LoadResult, SessionEngine, WriteResult } from '../core/engine.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import { expireBound } from './bound-cookie.ts'
import { createChallenge } from './challenge.ts'
import { createEnforcement } from './enforce.ts'
import { writeOffer } from './http/instructions.ts'
import type { DeviceSettings } from './settings.ts'

/**
 * Puts the device around an engine. Sessions without a proved key cost nothing more than before.
 */
export function createDeviceEngine<Data extends object>(
  settings: SessionSettings<Data>,
  device: DeviceSettings,
  inner: SessionEngine<Data>,
): SessionEngine<Data> {
  const enforce = createEnforcement(settings, device)
  const { prefetch, endAll } = inner

  return {
    ...inner,

    load: (jar) => inner.load(jar).then((session) => enforce(jar, session)),

    ...(prefetch && {
      async prefetch(jar) {
        const finish = await prefetch(jar)
        return finish && (async () => enforce(jar, await finish()))
      },
    }),

    write: async (jar, session, change) =>
      keepProof(await inner.write(jar, session, change), session),

    async start(jar, session, login) {
      // A session that did not count leaves nothing to the next one, but it ends like any other.
      const isHidden = session.block === 'not-bound'
      const result = isHidden
        ? await inner.start(jar, await inner.load(jar), {
            make: () => login.make(undefined),
            keepsData: false,
          })
        : await inner.start(jar, session, login)
      return {
        ...result,
        cookies: [...(await offerRegistration(settings, jar, result)), ...expireBound(device, jar)],
      }
    },

    async end(jar, session, cookieIssued) {
      // Signing out needs no proof: it only takes away.
      const current = session?.block === 'not-bound' ? undefined : session
      const result = await inner.end(jar, current, cookieIssued)
      return { ...result, cookies: [...(result.cookies ?? []), ...expireBound(device, jar)] }
    },

    ...(endAll && {
      endAll: async (jar, session, keepCurrent) =>
        keepProof(await endAll(jar, session, keepCurrent), session),
    }),
  }
}

/** The request goes on with the proof that it came with. */
function keepProof<Data>(
  result: WriteResult<Data> | undefined,
  { device }: LoadResult<Data>,
): WriteResult<Data> | undefined {
  if (result === undefined || device === undefined) return result
  return { ...result, session: { ...result.session, device } }
}

/**
 * The cookies of a login, with the offer to register a key. Browsers bind nothing over plain http.
 */
async function offerRegistration<Data>(
  { cookie, keys, clock }: SessionSettings<Data>,
  jar: CookieJar,
  { cookies = [], session: next }: WriteResult<Data>,
): Promise<readonly OutgoingCookie[]> {
  const id = next.record?.id
  if (id === undefined || !cookie.attributes.secure) return cookies

  const use = { purpose: 'register', session: id } as const
  const offer = writeOffer(await createChallenge(keys(jar.env).ring, use, clock()))
  const alongside = ['Secure-Session-Registration', offer] as const
  return cookies.map((outgoing) =>
    outgoing.name === cookie.name ? { ...outgoing, alongside } : outgoing,
  )
}
