/**
 * Writes the `CREATE FUNCTION` statement of a PL/pgSQL function, and quotes names. `shared-functions.ts`
 * and `verb-functions.ts` call it for each function. It only joins text, so callers must pass names that
 * contain no quotes.
 */

/**
 * Quotes the name of a schema: without quotes a keyword such as `user` is no name, and capitals become lower case.
 *
 * @see PostgreSQL, section 4.1.1: identifiers and key words
 */
export function quoteName(name: string): string {
  return `"${name}"`
}

/**
 * Returns the statement that creates a PL/pgSQL function. Each statement in its body sees what others have committed.
 */
export function define(name: string, parameters: string, body: string, returns = 'text'): string {
  return `CREATE OR REPLACE FUNCTION ${name}(${parameters}) RETURNS ${returns} LANGUAGE plpgsql AS $body$
${body}
$body$`
}
