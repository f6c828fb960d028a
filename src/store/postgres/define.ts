/**
 * Writes the `CREATE FUNCTION` statement of a PL/pgSQL function. `shared-functions.ts` and
 * `verb-functions.ts` call it for each function. It only joins text, so callers must pass names that
 * are safe in SQL.
 */

/**
 * Returns the statement that creates a PL/pgSQL function. Each statement in its body sees what others have committed.
 */
export function define(name: string, parameters: string, body: string, returns = 'text'): string {
  return `CREATE OR REPLACE FUNCTION ${name}(${parameters}) RETURNS ${returns} LANGUAGE plpgsql AS $body$
${body}
$body$`
}
