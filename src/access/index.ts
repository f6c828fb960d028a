/**
 * Exports authorization of requests by address, session, role, claim and age of the login. Applications import
 * it from `portcullis/access`; the gateway and the login use it too. `rule.ts` compiles rules, `check.ts`
 * checks a client against a rule, `guard.ts` applies a list of rules to a request, and `access()` is the Hono
 * middleware. Wrong options throw a `ConfigError` while building.
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
