/**
 * Reads parameters of queries, forms, multipart bodies and JSON, but only if all servers find the same ones. The login
 * throttle, the GraphQL guard and the method override use it.
 */
export { createParameterReader, type FoundParameter } from './find.ts'
export { foldText } from './fold.ts'
export {
  beginsList,
  checkNames,
  countNames,
  createMemberReader,
  hasClearNames,
  type JsonMember,
} from './json-names.ts'
export { type MultipartField, readBoundary, readMultipart } from './multipart.ts'
export { createNameCheck, isClearName } from './names.ts'
export { type Parameter, possibleNames, readParameters } from './urlencoded.ts'
