export { order, type Step } from './order.ts'
export { portcullis, type StackOptions } from './portcullis.ts'
export { canonicalPaths, type RequestIdEnv, requestId } from './steps.ts'
