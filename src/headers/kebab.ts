/** Names of directives and features, in the spelling of options and in that of headers. */

/** `default-src` as `defaultSrc`. */
export type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S

/** `defaultSrc` as `default-src`; what is in kebab case already stays. */
export function toKebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
