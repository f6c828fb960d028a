/**
 * Finds one parameter among those of a request. The login throttle creates a reader for the field
 * of the account. A field that occurs twice, or that a server could read under another name, is
 * not found.
 */
import type { MultipartField } from './multipart.ts'
import { createNameCheck } from './names.ts'
import type { Parameter } from './urlencoded.ts'

/** A parameter that is not there, is there once, or of which servers could say either. */
export type FoundParameter =
  | { readonly status: 'absent' }
  | { readonly status: 'found'; readonly value: string }
  | { readonly status: 'unclear' }

/**
 * Makes a reader of one field: found where it is there once under its very name, and nothing else could be taken for it. A
 * part of a multipart body that has a file name is no text.
 */
export function createParameterReader(
  field: string,
): (parameters: ReadonlyArray<Parameter | MultipartField>) => FoundParameter {
  const mayMean = createNameCheck(field)
  return (parameters) => {
    const candidates = parameters.map(toPair).filter(({ name }) => mayMean(name))
    if (candidates.length === 0) return { status: 'absent' }
    const [only] = candidates
    if (candidates.length > 1 || only?.name !== field || only.value === undefined)
      return { status: 'unclear' }
    return { status: 'found', value: only.value }
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
