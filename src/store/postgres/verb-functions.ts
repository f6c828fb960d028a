/**
 * Defines the Postgres functions that implement the verbs of the store, one for each verb, and the
 * clean-up. `schema.ts` puts them into the migration; `postgres.ts` calls them by name and parses their
 * JSON answers.
 *
 * Each call is one transaction, so a function that fails changes nothing. It returns text only; an
 * error appears when the database runs it. A changed parameter list needs a new migration before the
 * new version is deployed.
 */
import { define } from './define.ts'

/** Returns the statements that create the functions. */
export function verbFunctions(schema: string): string[] {
  return [
    define(
      `${schema}.session_create`,
      'p_key text, p_list text, p_now bigint, p_idle bigint, p_stop bigint, p_record text, p_write text, p_most integer',
      `DECLARE answer text;
BEGIN
  PERFORM ${schema}.lock_lists(p_list, NULL);
  answer := ${schema}.in_use(p_key, p_write, '["taken"]');
  IF answer IS NOT NULL THEN RETURN answer; END IF;
  PERFORM ${schema}.keep(p_key, p_list, p_now, p_idle, p_stop, p_record, p_write, p_most);
  RETURN '["ok"]';
END`,
    ),
    // A request is recorded on a locked row, since another call may have ended the session meanwhile.
    define(
      `${schema}.session_read`,
      'p_key text, p_list text, p_mark text, p_now bigint, p_idle bigint, p_slice bigint',
      `DECLARE found_row ${schema}.sessions; answer text;
BEGIN
  SELECT * INTO found_row FROM ${schema}.sessions WHERE key = p_key;
  answer := ${schema}.gone(found_row, p_list, p_mark, p_now, p_idle);
  IF answer IS NOT NULL THEN RETURN answer; END IF;
  IF p_now - found_row.seen < p_slice THEN RETURN ${schema}.describe('found', found_row); END IF;

  SELECT * INTO found_row FROM ${schema}.sessions WHERE key = p_key FOR UPDATE;
  answer := ${schema}.gone(found_row, p_list, p_mark, p_now, p_idle);
  IF answer IS NOT NULL THEN RETURN answer; END IF;
  UPDATE ${schema}.sessions
  SET seen = greatest(seen, p_now), until = ${schema}.now_ms() + least(p_idle, stop - p_now)
  WHERE key = p_key RETURNING * INTO found_row;
  RETURN ${schema}.describe('found', found_row);
END`,
    ),
    define(
      `${schema}.session_replace`,
      'p_key text, p_list text, p_mark text, p_now bigint, p_idle bigint, p_version text, p_record text, p_write text',
      `DECLARE found_row ${schema}.sessions; answer text; made bigint;
BEGIN
  SELECT * INTO found_row FROM ${schema}.sessions WHERE key = p_key FOR UPDATE;
  answer := ${schema}.gone(found_row, p_list, p_mark, p_now, p_idle);
  IF answer IS NOT NULL THEN RETURN answer; END IF;
  made := ${schema}.version_made(p_key, p_write);
  IF made IS NULL AND found_row.version::text <> p_version THEN
    RETURN ${schema}.describe('conflict', found_row);
  END IF;
  IF made IS NULL THEN
    UPDATE ${schema}.sessions
    SET version = version + 1, record = p_record, seen = greatest(seen, p_now),
      until = ${schema}.now_ms() + least(p_idle, stop - p_now)
    WHERE key = p_key RETURNING version INTO made;
    PERFORM ${schema}.remember_write(p_key, p_write, made);
  END IF;
  RETURN json_build_array('ok', made::text)::text;
END`,
    ),
    // The mark holds the old row for a login form that is sent twice, even if the other copy has ended it already. A mark
    // is left without an old row, too: a parallel request with the old cookie must not begin a session in its place.
    define(
      `${schema}.session_rotate`,
      `p_old text, p_old_list text, p_old_mark text, p_version text, p_grace bigint,
  p_key text, p_list text, p_now bigint, p_idle bigint, p_stop bigint, p_record text, p_write text, p_most integer`,
      `DECLARE found_row ${schema}.sessions; mark ${schema}.sessions; answer text;
BEGIN
  PERFORM ${schema}.lock_lists(p_old_list, p_list);
  answer := ${schema}.in_use(p_key, p_write, '["ended"]');
  IF answer IS NOT NULL THEN RETURN answer; END IF;

  SELECT * INTO found_row FROM ${schema}.sessions WHERE key = p_old FOR UPDATE;
  IF p_version IS NOT NULL THEN
    answer := ${schema}.gone(found_row, p_old_list, p_old_mark, p_now, p_idle);
    IF answer IS NOT NULL THEN RETURN answer; END IF;
    IF found_row.version::text <> p_version THEN RETURN ${schema}.describe('conflict', found_row); END IF;
  END IF;

  IF found_row.until > ${schema}.now_ms() THEN
    IF found_row.version = 0 THEN mark := found_row;
    ELSIF p_old_list IS NULL OR found_row.list IS NOT DISTINCT FROM p_old_list THEN
      mark.last_version := found_row.version;
      mark.last_record := found_row.record;
      mark.last_seen := found_row.seen;
      mark.last_stop := found_row.stop;
      mark.last_by := p_list;
    END IF;
  END IF;
  INSERT INTO ${schema}.sessions AS s
    (key, version, last_version, last_record, last_seen, last_stop, last_by, until)
  VALUES (p_old, 0, mark.last_version, mark.last_record, mark.last_seen, mark.last_stop, mark.last_by,
    ${schema}.now_ms() + p_grace)
  ON CONFLICT (key) DO UPDATE SET version = 0, record = NULL, seen = NULL, stop = NULL, list = NULL,
    last_version = excluded.last_version, last_record = excluded.last_record,
    last_seen = excluded.last_seen, last_stop = excluded.last_stop, last_by = excluded.last_by,
    until = excluded.until;
  PERFORM ${schema}.keep(p_key, p_list, p_now, p_idle, p_stop, p_record, p_write, p_most);
  RETURN '["ok"]';
END`,
    ),
    // Where there is no row, this same call may have ended it before its reply was lost.
    define(
      `${schema}.session_end`,
      'p_key text, p_list text, p_grace bigint, p_write text',
      `DECLARE found_row ${schema}.sessions;
BEGIN
  SELECT * INTO found_row FROM ${schema}.sessions WHERE key = p_key FOR UPDATE;
  IF NOT FOUND OR found_row.version = 0 OR found_row.until <= ${schema}.now_ms() THEN
    IF ${schema}.version_made(p_key, p_write) IS NOT NULL THEN RETURN '["1"]'; END IF;
    RETURN '["0"]';
  END IF;
  UPDATE ${schema}.sessions
  SET version = 0, record = NULL, seen = NULL, stop = NULL, list = NULL, last_version = NULL,
    last_record = NULL, last_seen = NULL, last_stop = NULL, last_by = NULL,
    until = ${schema}.now_ms() + p_grace
  WHERE key = p_key;
  IF p_list IS NOT NULL AND found_row.list IS DISTINCT FROM p_list THEN RETURN '["0"]'; END IF;
  PERFORM ${schema}.remember_write(p_key, p_write, 1);
  RETURN '["1"]';
END`,
    ),
    define(
      `${schema}.session_replaced`,
      'p_key text',
      `DECLARE found_row ${schema}.sessions;
BEGIN
  SELECT * INTO found_row FROM ${schema}.sessions
  WHERE key = p_key AND version = 0 AND last_version IS NOT NULL AND until > ${schema}.now_ms();
  IF NOT FOUND THEN RETURN '["none"]'; END IF;
  IF found_row.last_by IS NULL THEN
    RETURN json_build_array('found', found_row.last_version::text, found_row.last_record,
      found_row.last_seen::text, found_row.last_stop::text)::text;
  END IF;
  RETURN json_build_array('found', found_row.last_version::text, found_row.last_record,
    found_row.last_seen::text, found_row.last_stop::text, found_row.last_by)::text;
END`,
    ),
    define(
      `${schema}.session_list`,
      'p_list text',
      `BEGIN
  RETURN (
    SELECT coalesce(json_agg(
      json_build_array('found', version::text, record, seen::text, stop::text)), '[]')::text
    FROM ${schema}.sessions WHERE list = p_list AND until > ${schema}.now_ms()
  );
END`,
    ),
    define(
      `${schema}.session_end_all`,
      'p_list text, p_keep text, p_write text',
      `DECLARE ended bigint;
BEGIN
  PERFORM ${schema}.lock_lists(p_list, NULL);
  ended := ${schema}.version_made(p_list, p_write);
  IF ended IS NOT NULL THEN RETURN json_build_array(ended::text)::text; END IF;
  WITH delisted AS (
    UPDATE ${schema}.sessions SET list = NULL
    WHERE list = p_list AND key IS DISTINCT FROM p_keep RETURNING until
  )
  SELECT count(*) FILTER (WHERE until > ${schema}.now_ms()) INTO ended FROM delisted;
  PERFORM ${schema}.remember_write(p_list, p_write, ended);
  RETURN json_build_array(ended::text)::text;
END`,
    ),
    // A message that was seen before changes nothing, unless this same call brought it and is repeated.
    define(
      `${schema}.session_end_marked`,
      'p_mark text, p_life bigint, p_once text, p_once_life bigint, p_write text',
      `BEGIN
  IF p_once IS NOT NULL THEN
    INSERT INTO ${schema}.marks AS m (name, until) VALUES ('j:' || p_once, ${schema}.now_ms() + p_once_life)
    ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE m.until <= ${schema}.now_ms();
    IF NOT FOUND AND ${schema}.version_made('j:' || p_once, p_write) IS NULL THEN
      RETURN '["0"]';
    END IF;
    PERFORM ${schema}.remember_write('j:' || p_once, p_write, 1);
  END IF;
  INSERT INTO ${schema}.marks AS m (name, until) VALUES ('o:' || p_mark, ${schema}.now_ms() + p_life)
  ON CONFLICT (name) DO UPDATE SET until = greatest(m.until, excluded.until);
  RETURN '["1"]';
END`,
    ),
    // The time is in a variable, since no index serves a comparison with a volatile function.
    define(
      `${schema}.clean_up`,
      'p_most integer',
      `DECLARE removed bigint; more bigint; at_ms bigint := ${schema}.now_ms();
BEGIN
  DELETE FROM ${schema}.sessions WHERE key IN (
    SELECT key FROM ${schema}.sessions WHERE until <= at_ms
    LIMIT p_most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS removed = ROW_COUNT;
  DELETE FROM ${schema}.writes WHERE (key, write) IN (
    SELECT key, write FROM ${schema}.writes WHERE until <= at_ms
    LIMIT p_most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS more = ROW_COUNT;
  removed := greatest(removed, more);
  DELETE FROM ${schema}.marks WHERE name IN (
    SELECT name FROM ${schema}.marks WHERE until <= at_ms
    LIMIT p_most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS more = ROW_COUNT;
  RETURN json_build_array(greatest(removed, more)::text)::text;
END`,
    ),
  ]
}
