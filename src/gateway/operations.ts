/** The options for whoever runs a gateway, judged while building. */
import { randomId } from '../crypto/index.ts'
import type { Monitor, Uptime } from '../monitor/index.ts'
import type { StoreProbe } from '../monitor/redis.ts'
import type { Faults } from '../options/index.ts'
import { isHeaderName, isRequestId } from '../request/index.ts'
import type { GatewayConfig } from './config.ts'
import { type Closed, judgeMaintenance } from './maintenance.ts'
import { type IsReady, type ReadySources, readiness } from './ready.ts'
import { isObject } from './upstreams.ts'

/** How a gateway is watched and kept. */
export interface Operations {
  readonly monitor: Monitor | undefined
  /** The id of a request: random, unless somebody in front names it. */
  readonly requestId: (headers: Headers) => string
  readonly maintenance: Closed | undefined
  readonly isReady: IsReady
  readonly storeProbe: StoreProbe | undefined
  readonly uptime: Uptime | undefined
}

/** Names of the options. */
export const operationKeys = ['monitor', 'requestIdHeader', 'maintenance', 'ready', 'uptime'] as const

/** Judges them. */
export function judgeOperations(
  given: Partial<Pick<GatewayConfig<string, never, never>, (typeof operationKeys)[number]>>,
  sources: ReadySources,
  faults: Faults,
): Operations {
  const { monitor, requestIdHeader: header, maintenance, ready, uptime } = given
  if (monitor !== undefined && (!isObject(monitor) || typeof monitor.begin !== 'function')) {
    faults.add('monitor', 'must be monitor({ ... }) of portcullis/monitor')
  }
  if (uptime !== undefined && (!isObject(uptime) || typeof uptime.run !== 'function')) {
    faults.add('uptime', 'must be uptime({ ... }) of portcullis/monitor')
  }
  if (header !== undefined && !isHeaderName(header)) {
    faults.add('requestIdHeader', 'must be the name of a header')
  }
  return {
    monitor,
    requestId: header === undefined ? () => randomId() : (headers) => idOf(headers.get(header)),
    maintenance: judgeMaintenance(maintenance, faults),
    isReady: readiness(ready, sources, faults.under('ready')),
    storeProbe: ready?.store,
    uptime,
  }
}

function idOf(said: string | null): string {
  return isRequestId(said) ? said : randomId()
}
