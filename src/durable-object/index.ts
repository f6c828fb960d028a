/**
 * Entry point `portcullis/store/durable-object`, which applications on Workers import: the class of Durable
 * Objects that a Worker exports, and the session store, limiter and throttle that call it. It only
 * exports.
 */
export {
  type DurableObjectLimiterOptions,
  durableObjectLimiter,
} from '../limit/durable-object/limiter.ts'
export { durableObjectThrottle } from '../limit/durable-object/throttle.ts'
export type { ObjectOptions } from '../store/durable-object/call.ts'
export type {
  ObjectNamespace,
  ObjectSql,
  ObjectState,
  ObjectStorage,
  ObjectStub,
} from '../store/durable-object/platform.ts'
export {
  type DurableObjectStoreOptions,
  durableObjectStore,
} from '../store/durable-object/store.ts'
export { PortcullisObject } from './object.ts'
