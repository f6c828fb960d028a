/**
 * Defines the Postgres functions that the functions of several verbs call: locks, checks of timeouts,
 * ids of writes, and the limit of sessions for a user. `schema.ts` puts them into the migration before
 * `verb-functions.ts`.
 *
 * They run inside the transaction of their verb. `keep` raises a serialization failure where another
 * transaction takes the same key, and the client repeats the call. It returns text only; an error
 * appears when the database runs it.
 */
import { writeMemory } from '../contract.ts'
import { define } from './define.ts'

/**
 * Returns the statements, in an order in which each function exists before another one calls it.
 *
 * @param schema - its name in quotes.
 * @param lockName - its name without quotes, with which the names of locks begin.
 */
export function sharedFunctions(schema: string, lockName: string): string[] {
  return [
    `CREATE OR REPLACE FUNCTION ${schema}.now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $body$
SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
$body$`,
    // Transactions that change the same list wait for each other. Two lists are locked in sorted order to avoid
    // deadlocks.
    define(
      `${schema}.lock_lists`,
      'p_one text, p_two text',
      `BEGIN
  IF p_one IS NOT NULL OR p_two IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('${lockName} ' || least(p_one, p_two), 0));
    IF p_one <> p_two THEN
      PERFORM pg_advisory_xact_lock(hashtextextended('${lockName} ' || greatest(p_one, p_two), 0));
    END IF;
  END IF;
END`,
      'void',
    ),
    define(
      `${schema}.describe`,
      `p_is text, p_row ${schema}.sessions`,
      `BEGIN
  RETURN json_build_array(p_is, p_row.version::text, p_row.record, p_row.seen::text, p_row.stop::text)::text;
END`,
    ),
    // Returns the reason why a row is not a live session for this reader; null if it is one. It changes nothing.
    define(
      `${schema}.gone`,
      `p_row ${schema}.sessions, p_list text, p_mark text, p_now bigint, p_idle bigint`,
      `BEGIN
  IF p_mark IS NOT NULL AND EXISTS (
    SELECT 1 FROM ${schema}.marks WHERE name = 'o:' || p_mark AND until > ${schema}.now_ms()
  ) THEN RETURN '["ended"]'; END IF;
  IF p_row.key IS NULL OR p_row.until <= ${schema}.now_ms() THEN RETURN '["none"]'; END IF;
  IF p_row.version = 0 OR (p_list IS NOT NULL AND p_row.list IS DISTINCT FROM p_list) THEN
    RETURN '["ended"]';
  END IF;
  IF p_now - p_row.seen >= p_idle OR p_now >= p_row.stop THEN RETURN '["expired"]'; END IF;
  RETURN NULL;
END`,
    ),
    define(
      `${schema}.version_made`,
      'p_key text, p_write text',
      `BEGIN
  RETURN (
    SELECT version FROM ${schema}.writes
    WHERE key = p_key AND write = p_write AND until > ${schema}.now_ms()
  );
END`,
      'bigint',
    ),
    define(
      `${schema}.remember_write`,
      'p_key text, p_write text, p_version bigint',
      `BEGIN
  INSERT INTO ${schema}.writes (key, write, version, until)
  VALUES (p_key, p_write, p_version, ${schema}.now_ms() + ${writeMemory})
  ON CONFLICT (key, write) DO UPDATE SET version = excluded.version, until = excluded.until;
END`,
      'void',
    ),
    // Returns the answer for a key that must be free, or null if it is free. An expired row is deleted.
    define(
      `${schema}.in_use`,
      'p_key text, p_write text, p_answer text',
      `DECLARE found_row ${schema}.sessions;
BEGIN
  SELECT * INTO found_row FROM ${schema}.sessions WHERE key = p_key FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF found_row.until <= ${schema}.now_ms() THEN
    DELETE FROM ${schema}.sessions WHERE key = p_key;
    RETURN NULL;
  END IF;
  IF found_row.version > 0 AND ${schema}.version_made(p_key, p_write) IS NOT NULL THEN
    RETURN '["ok"]';
  END IF;
  RETURN p_answer;
END`,
    ),
    // Stores a new row and lists it. If the user's list is full, expired rows are delisted first, then those that end
    // first.
    // If another call was quicker with the same key, the client repeats its own and finds that row.
    define(
      `${schema}.keep`,
      'p_key text, p_list text, p_now bigint, p_idle bigint, p_stop bigint, p_record text, p_write text, p_most integer',
      `DECLARE surplus integer;
BEGIN
  IF p_list IS NOT NULL THEN
    SELECT count(*) - (p_most - 1) INTO surplus FROM ${schema}.sessions WHERE list = p_list;
    IF surplus > 0 THEN
      UPDATE ${schema}.sessions SET list = NULL
      WHERE list = p_list
        AND (until <= ${schema}.now_ms() OR p_now - seen >= p_idle OR p_now >= stop);
      SELECT count(*) - (p_most - 1) INTO surplus FROM ${schema}.sessions WHERE list = p_list;
      UPDATE ${schema}.sessions SET list = NULL
      WHERE key IN (
        SELECT key FROM ${schema}.sessions WHERE list = p_list
        ORDER BY stop LIMIT greatest(0, surplus)
      );
    END IF;
  END IF;
  INSERT INTO ${schema}.sessions (key, version, record, seen, stop, list, until)
  VALUES (p_key, 1, p_record, p_now, p_stop, p_list,
    ${schema}.now_ms() + least(p_idle, p_stop - p_now))
  ON CONFLICT (key) DO NOTHING;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the key came into use' USING ERRCODE = 'serialization_failure';
  END IF;
  PERFORM ${schema}.remember_write(p_key, p_write, 1);
END`,
      'void',
    ),
  ]
}
