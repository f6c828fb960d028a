/** Names of directives and features, in the spelling of options and in that of headers. */

/** `default-src` as `defaultSrc`. */
export type Camel<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S

/** `defaultSrc` as `default-src`; what is in kebab case already stays. */
export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
