/**
 * Probes one upstream: requests its `probe` path and reads the status. Readiness and the cron
 * trigger call it. It returns the problem as a dashed word, or undefined for a healthy upstream,
 * and rejects as `fetch` does.
 */

import { createUpstreamUrl, findTarget } from '../../proxy/target.ts'
import type { Settings } from '../config/settings.ts'
import type { CompiledUpstream } from '../config/upstreams.ts'

/** Why it is not, as a dashed word; undefined where it is. Rejects as fetch does. */
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
