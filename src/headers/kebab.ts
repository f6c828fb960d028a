/**
 * Converts names of directives and features from camel case (options) to kebab case (headers). The
 * CSP and Permissions-Policy compilers call it. A name in kebab case stays as it is.
 */

/** `default-src` as `defaultSrc`. */
export type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S

/** Converts `defaultSrc` to `default-src`; a name in kebab case stays as it is. */
export function toKebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
