/** Prints types as TypeScript writes them, from what `deno doc --json` says of them. A pure function. */

/** A type, as deno describes it. `value` depends on `kind`. */
export interface DocType {
  readonly kind: string
  readonly repr?: string
  readonly value?: unknown
}

interface DocParam {
  readonly name?: string
  readonly kind: string
  readonly optional?: boolean
  readonly tsType?: DocType
}

interface DocProperty {
  readonly name: string
  readonly optional?: boolean
  readonly tsType?: DocType
}

const printers: Readonly<Record<string, (type: DocType) => string>> = {
  keyword: ({ repr = '' }) => repr,
  literal: printLiteral,
  typeRef: printReference,
  union: ({ value }) => printList(value, ' | '),
  intersection: ({ value }) => printList(value, ' & '),
  tuple: ({ value }) => `[${printList(value, ', ')}]`,
  array: ({ value }) => printArray(value as DocType),
  parenthesized: ({ value }) => `(${printType(value as DocType)})`,
  typeOperator: ({ value }) => {
    const { operator, tsType } = value as { operator: string; tsType: DocType }
    return `${operator} ${printType(tsType)}`
  },
  indexedAccess: ({ value }) => {
    const { objType, indexType } = value as { objType: DocType; indexType: DocType }
    return `${printType(objType)}[${printType(indexType)}]`
  },
  typeQuery: ({ value }) => `typeof ${value}`,
  typeLiteral: ({ value }) => printObject(value as { properties?: DocProperty[] }),
  fnOrConstructor: printFunction,
  mapped: printMapped,
}

/**
 * The type on one line.
 *
 * @throws for a kind of type that no option has had so far.
 */
export function printType(type: DocType | undefined): string {
  if (type === undefined) return 'unknown'
  const print = printers[type.kind]
  if (print === undefined) throw new Error(`cannot print a type of the kind ${type.kind}`)
  return print(type)
}

function printList(types: unknown, separator: string): string {
  return (types as DocType[]).map(printType).join(separator)
}

function printLiteral({ repr = '', value }: DocType): string {
  const { kind } = value as { kind: string }
  return kind === 'string' ? `'${repr}'` : kind === 'template' ? `\`${repr}\`` : repr
}

function printReference({ repr = '', value }: DocType): string {
  const { typeName, typeParams } = value as { typeName?: string; typeParams?: DocType[] }
  const name = typeName ?? repr
  return typeParams === undefined ? name : `${name}<${printList(typeParams, ', ')}>`
}

function printArray(element: DocType): string {
  const text = printType(element)
  return ['union', 'fnOrConstructor', 'intersection'].includes(element.kind)
    ? `(${text})[]`
    : `${text}[]`
}

function printObject({ properties = [] }: { properties?: DocProperty[] }): string {
  const members = properties.map(
    ({ name, optional, tsType }) => `${name}${optional ? '?' : ''}: ${printType(tsType)}`,
  )
  return members.length === 0 ? 'object' : `{ ${members.join('; ')} }`
}

function printFunction({ value }: DocType): string {
  const { params, tsType } = value as { params: DocParam[]; tsType: DocType }
  const list = params.map(({ kind, name = 'value', optional, tsType: own }) => {
    const rest = kind === 'rest' ? '...' : ''
    return `${rest}${name}${optional ? '?' : ''}: ${printType(own)}`
  })
  return `(${list.join(', ')}) => ${printType(tsType)}`
}

/** `{ [Key in Keys]?: Value }`, written as what it is for a reader: a record. */
function printMapped({ value }: DocType): string {
  const { typeParam, optional, tsType } = value as {
    typeParam: { constraint: DocType }
    optional?: boolean
    tsType: DocType
  }
  const record = `Record<${printType(typeParam.constraint)}, ${printType(tsType)}>`
  return optional ? `Partial<${record}>` : record
}
