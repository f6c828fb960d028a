/**
 * Writes the definition of a function in PL/pgSQL, in which each statement sees what others have
 * committed by then. The lists of functions beside it call it. It only joins text, and expects
 * plain names.
 */

/** A function in PL/pgSQL: each statement in it sees what others have committed by then. */
export function define(name: string, parameters: string, body: string, returns = 'text'): string {
  return `CREATE OR REPLACE FUNCTION ${name}(${parameters}) RETURNS ${returns} LANGUAGE plpgsql AS $body$
${body}
$body$`
}
