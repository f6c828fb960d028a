/**
 * Converts names of directives and features from camel case (`defaultSrc`, in options) to kebab
 * case (`default-src`, in headers). The compilers of headers, Content-Security-Policy and
 * Permissions-Policy call it. It is pure and throws nothing. A name in kebab case stays as it is,
 * and other names are not validated here.
 */

/** The type of a name in camel case: `defaultSrc` for `default-src`. */
export type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S

/** Converts `defaultSrc` to `default-src`; a name in kebab case stays as it is. */
export function toKebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
