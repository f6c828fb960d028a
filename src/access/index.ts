/**
 * Authorization of requests by address, session, role, claim and age of the login. `rule.ts`
 * compiles rules, `check.ts` decides with data alone, `guard.ts` applies a list of rules to a
 * request, and `access()` is its middleware. The gateway uses the same rules for its routes.
 */
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
