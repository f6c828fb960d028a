/**
 * Probes one upstream: requests the path of its option `probe` and reads the status. `ready.ts` calls it
 * for readiness, and `scheduled.ts` for cron triggers. It returns undefined for a healthy upstream (2xx or
 * 3xx) and a problem such as `http-500` otherwise. It rejects as `fetch` does, for example when the signal
 * of the caller aborts it; it has no time limit of its own.
 */

import { createUpstreamUrl, findTarget } from '../../proxy/target.ts'
import type { Settings } from '../config/settings.ts'
import type { CompiledUpstream } from '../config/upstreams.ts'

/**
 * Probes an upstream. Returns undefined if it is healthy or has no probe, otherwise the problem, such as `http-500`.
 * Rejects as `fetch` does.
 */
export async function probeUpstream(
  platform: { readonly fetch: typeof fetch; readonly env: unknown },
  { index, probe, connect }: CompiledUpstream,
  settings: Settings,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (probe === undefined) return undefined
  const client = connect?.({ env: platform.env, context: undefined }) ?? platform
  const response = await client.fetch(createUpstreamUrl(findTarget(settings, index), probe, ''), {
    method: 'GET',
    headers: new Headers({ 'user-agent': 'Portcullis-Probe', accept: '*/*' }),
    redirect: 'manual',
    cache: 'no-store',
    signal,
  })

  response.body?.cancel().catch(() => {})

  return response.status >= 200 && response.status < 400 ? undefined : `http-${response.status}`
}
