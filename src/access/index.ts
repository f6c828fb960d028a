export { type AccessRequest, checkAddress, checkSessionAccess, type SessionView } from './check.ts'
export { type AccessOptions, accessGuard, type PathRule } from './guard.ts'
export { access, requireAccess, requireAddress, requireRole } from './middleware.ts'
export type { AccessGuardOptions } from './options.ts'
export {
  type AccessMembers,
  type AccessRule,
  type ClaimCheck,
  type ClaimValue,
  type CompiledAccess,
  combineAccess,
  compileAccess,
} from './rule.ts'
