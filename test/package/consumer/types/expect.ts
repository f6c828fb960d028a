/** Assertions for the compiler: nothing of it runs. */

/** True where the two types are the same, `any` apart from everything else. */
export type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Does not compile unless it gets true. */
export function holds<T extends true>(..._: T[]): void {}
