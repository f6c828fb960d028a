/** What a docstring must say, as a pure function over what `deno doc --json` tells of an exported declaration. */
import type { DocType } from './print-type.ts'

interface JsDoc {
  readonly doc?: string
  readonly tags?: ReadonlyArray<{
    readonly kind: string
    readonly name?: string
    readonly doc?: string
    /** Of a tag without a name, such as `@default`. */
    readonly value?: string
  }>
}

interface Param {
  readonly kind: string
  readonly name?: string
  /** Of a parameter with a default. */
  readonly left?: Param
}

interface Member {
  readonly name: string
  readonly location: { readonly line: number }
  readonly jsDoc?: JsDoc
  readonly isOverride?: boolean
  readonly params?: readonly Param[]
  readonly accessibility?: string
  /** Of a property. */
  readonly optional?: boolean
  readonly tsType?: DocType
}

/** One declaration of an exported name. */
export interface Declaration {
  readonly kind: string
  readonly location: { readonly filename: string; readonly line: number }
  readonly jsDoc?: JsDoc
  readonly def?: {
    readonly params?: readonly Param[]
    readonly properties?: readonly Member[]
    readonly methods?: readonly Member[]
    readonly extends?: string | ReadonlyArray<{ readonly repr: string } & Partial<DocType>>
    /** Of a name that another file declares: where it does. */
    readonly target?: { readonly filename: string; readonly line: number }
    /** Of an alias. */
    readonly tsType?: DocType
  }
}

/** A declaration and its members; `inherited` are names that a documented base has said already. */
export function undocumented(
  name: string,
  declaration: Declaration,
  inherited: ReadonlySet<string> = new Set(),
): { checked: number; faults: Array<{ line: number; what: string }> } {
  const { kind, location, jsDoc, def } = declaration
  // Another door's name: it is looked at there.
  if (kind === 'reference') return { checked: 0, faults: [] }

  const faults = docFaults(name, jsDoc, def?.params).map((what) => ({
    line: location.line + 1,
    what,
  }))
  const members = [...(def?.properties ?? []), ...(def?.methods ?? [])].filter(
    (member) =>
      !member.isOverride && !inherited.has(member.name) && member.accessibility !== 'private',
  )

  for (const member of members) {
    const whats = docFaults(`${name}.${member.name}`, member.jsDoc, member.params)
    faults.push(...whats.map((what) => ({ line: member.location.line + 1, what })))
  }

  return { checked: members.length, faults }
}

/** Names of a declaration's bases, without their type arguments. */
export function basesOf({ def }: Declaration): string[] {
  if (typeof def?.extends === 'string') return [def.extends]
  return (def?.extends ?? []).map(({ repr }) => repr)
}

function docFaults(
  name: string,
  jsDoc: JsDoc | undefined,
  params: readonly Param[] | undefined,
): string[] {
  const faults: string[] = []
  const { doc = '', tags = [] } = jsDoc ?? {}
  if (doc.trim() === '') faults.push(`${name} has no docstring`)

  const known = new Set((params ?? []).map((param) => param.name ?? param.left?.name))
  // A parameter taken apart has no name to compare with.
  if ([...known].includes(undefined)) return faults

  for (const { kind, name: param = '', doc: said = '' } of tags) {
    if (kind !== 'param') continue
    if (!known.has(param.split('.')[0])) faults.push(`${name} has no parameter ${param}`)
    if (said.trim() === '') faults.push(`${name} says nothing of its parameter ${param}`)
  }

  return faults
}
