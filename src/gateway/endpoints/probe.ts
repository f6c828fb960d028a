/** Asks one upstream whether it is well. */

import { createUpstreamUrl } from '../../proxy/target.ts'
import type { Settings } from '../settings.ts'
import type { CompiledUpstream } from '../upstreams.ts'

/** Why it is not, as a dashed word; undefined where it is. Rejects as fetch does. */
export async function probeUpstream(
  send: typeof fetch,
  { index, probe }: CompiledUpstream,
  settings: Settings,
  signal: AbortSignal,
): Promise<string | undefined> {
  const target = settings.targets[index]
  if (target === undefined || probe === undefined) return undefined
  const response = await send(createUpstreamUrl(target, probe, ''), {
    headers: { 'user-agent': 'Portcullis-Probe', accept: '*/*' },
    redirect: 'manual',
    cache: 'no-store',
    signal,
  })
  response.body?.cancel().catch(() => {})
  return response.status >= 200 && response.status < 400 ? undefined : `http-${response.status}`
}
