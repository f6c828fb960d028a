/**
 * Validates the options for operating a gateway (monitor, request id, readiness and uptime) and creates
 * the functions that use them. `compile.ts` calls it while building. Wrong options are reported as
 * issues. A request id header with an unusable value is replaced by a random id. `operationKeys` also
 * names `maintenance`, which `checks/maintenance.ts` validates.
 */
import { createNonce } from '../../headers/nonce.ts'
import type { Monitor, Uptime } from '../../monitor/index.ts'
import type { StoreProbe } from '../../monitor/redis.ts'
import type { Issues } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import { isHeaderName, isRequestId, type ReadableHeaders } from '../../request/index.ts'
import type { GatewayConfig } from '../config.ts'
import { createReadiness, type IsReady, type ReadySources } from '../endpoints/ready.ts'

/** The compiled options. */
export interface Operations {
  readonly monitor: Monitor | undefined
  /** Reads the id of a request from its header, or creates a random one. */
  readonly requestId: (headers: ReadableHeaders) => string
  readonly isReady: IsReady
  readonly storeProbe: StoreProbe | undefined
  readonly uptime: Uptime | undefined
}

/** Names of the options for operating a gateway, which `compile.ts` accepts besides its own. */
export const operationKeys = [
  'monitor',
  'requestIdHeader',
  'maintenance',
  'ready',
  'uptime',
] as const

/** Validates and compiles the options for operating a gateway. */
export function compileOperations(
  value: Partial<Pick<GatewayConfig<string, never, never>, (typeof operationKeys)[number]>>,
  sources: ReadySources,
  issues: Issues,
): Operations {
  const { monitor, requestIdHeader: idHeader, ready, uptime } = value
  if (monitor !== undefined && (!isRecord(monitor) || typeof monitor.begin !== 'function')) {
    issues.add('monitor', 'must be monitor({ ... }) of portcullis/monitor')
  }

  if (uptime !== undefined && (!isRecord(uptime) || typeof uptime.run !== 'function')) {
    issues.add('uptime', 'must be uptime({ ... }) of portcullis/monitor')
  }

  if (idHeader !== undefined && !isHeaderName(idHeader)) {
    issues.add('requestIdHeader', 'must be the name of a header')
  }

  return {
    monitor,
    requestId: createIdReader(idHeader),
    isReady: createReadiness(ready, sources, issues.at('ready')),
    storeProbe: ready?.store,
    uptime,
  }
}

function createIdReader(idHeader: unknown): Operations['requestId'] {
  if (typeof idHeader !== 'string') return createRequestId
  const lowerName = idHeader.toLowerCase()
  return (headers) => readId(headers.get(lowerName))
}

/** Characters of base64url: 132 bits. */
const requestIdLength = 22

/**
 * Creates a random id from the pool of the nonces. That costs a tenth of a random id of its own, and an id need only be
 * unique.
 */
function createRequestId(): string {
  return createNonce().slice(0, requestIdLength)
}

function readId(headerValue: string | null): string {
  return isRequestId(headerValue) ? headerValue : createRequestId()
}
