/**
 * Finds one parameter among those of a request. The login throttle creates a reader for the field of the account. A
 * field that occurs twice, or that a server could read under another name, has the status `unclear`.
 */
import type { MultipartField } from './multipart.ts'
import { createNameCheck } from './names.ts'
import type { Parameter } from './urlencoded.ts'

/** The result of a search: the parameter is absent, occurs once, or servers could read different values for it. */
export type FoundParameter =
  | { readonly status: 'absent' }
  | { readonly status: 'found'; readonly value: string }
  | { readonly status: 'unclear' }

/**
 * Creates a reader for one field. The field is found if it occurs once under exactly its name and no other parameter
 * could be read in its place. A part of a multipart body that has a file name is never a text.
 */
export function createParameterReader(
  field: string,
): (parameters: ReadonlyArray<Parameter | MultipartField>) => FoundParameter {
  const mayMean = createNameCheck(field)
  return (parameters) => {
    const candidates = parameters.map(toPair).filter(({ name }) => mayMean(name))
    if (candidates.length === 0) return { status: 'absent' }
    const [candidate] = candidates
    if (candidates.length > 1 || candidate?.name !== field || candidate.value === undefined)
      return { status: 'unclear' }
    return { status: 'found', value: candidate.value }
  }
}

function toPair(parameter: Parameter | MultipartField): {
  readonly name: string
  readonly value: string | undefined
} {
  if ('name' in parameter) {
    const { name, fileName, value } = parameter
    return { name, value: fileName === undefined ? value : undefined }
  }
  const [parameterName, value] = parameter
  return { name: parameterName, value }
}
