/**
 * Wraps an engine so that bound sessions are valid only together with the bound cookie, and so that each login
 * offers the browser to register a key. `deviceBound()` creates it, and handles call it instead of the
 * wrapped engine.
 *
 * It rejects as the wrapped engine does. A logout needs no proof. A login from a session that is not
 * valid on this device keeps none of its data.
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
 * Wraps an engine. Sessions without a proved key cost no additional work.
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

    // The engine applies it to what it read: another promise would cost every request of an unbound session.
    load: (jar) => inner.load(jar, enforce),

    ...(prefetch && {
      async prefetch(jar) {
        const finish = await prefetch(jar)
        return finish && (async () => enforce(jar, await finish()))
      },
    }),

    write: async (jar, session, change) =>
      keepProof(await inner.write(jar, session, change), session),

    async start(jar, session, login) {
      // A session that is not valid on this device is ended, and passes no data on to the new one.
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
      // A logout needs no proof, since it gives nothing to an attacker.
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

/** Keeps the device state of the request after a write. */
function keepProof<Data>(
  result: WriteResult<Data> | undefined,
  { device }: LoadResult<Data>,
): WriteResult<Data> | undefined {
  if (result === undefined || device === undefined) return result
  return { ...result, session: { ...result.session, device } }
}

/**
 * Returns the cookies of a login, with the offer to register a key, unless the site is on plain http, where browsers
 * bind no session.
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
