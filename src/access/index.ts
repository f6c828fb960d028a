export { type Asking, judgeAddress, judgeSession, type SessionView } from './judge.ts'
export {
  type AccessMembers,
  type AccessRule,
  type ClaimCheck,
  type ClaimValue,
  type CompiledAccess,
  compileAccess,
} from './rule.ts'
