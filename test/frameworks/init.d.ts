/** The configuration that `portcullis init` writes, as the runner bundles it. */
declare module 'init:gateway.config' {
  export function config(): unknown
}
