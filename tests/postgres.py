"""One PostgreSQL database for many tests: as good as new after each."""

from __future__ import annotations

import sqlalchemy as sa

from wapto_app.db import sync_url

# What the migrations put in is remembered in the schema "seed".
_PREPARE = """
CREATE SCHEMA seed;

CREATE FUNCTION seed.remember() RETURNS void LANGUAGE plpgsql AS $$
DECLARE each record; filled boolean;
BEGIN
  FOR each IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', each.name) INTO filled;
    IF filled THEN EXECUTE format('CREATE TABLE seed.%I AS TABLE public.%I', each.name, each.name); END IF;
  END LOOP;
END $$;

CREATE FUNCTION seed.restore() RETURNS void LANGUAGE plpgsql AS $$
DECLARE each record; filled boolean; highest bigint;
BEGIN
  -- No trigger fires, so the order of the tables does not matter.
  SET LOCAL session_replication_role = replica;
  FOR each IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', each.name) INTO filled;
    IF pg_relation_size(format('public.%I', each.name)) > 1000000 THEN
      -- Dead rows stay (nothing vacuums here), and every later test would wade through them.
      EXECUTE format('TRUNCATE public.%I CASCADE', each.name);
    ELSIF filled THEN
      EXECUTE format('DELETE FROM public.%I', each.name);
    END IF;
  END LOOP;
  FOR each IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'seed' LOOP
    EXECUTE format('INSERT INTO public.%I SELECT * FROM seed.%I', each.name, each.name);
  END LOOP;
  FOR each IN
    SELECT s.relname AS sequence, t.relname AS name, a.attname AS field
    FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i')
    JOIN pg_class t ON t.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    JOIN pg_sequences q ON q.schemaname = 'public' AND q.sequencename = s.relname
    WHERE s.relkind = 'S' AND q.last_value IS NOT NULL
  LOOP
    EXECUTE format('SELECT max(%I) FROM public.%I', each.field, each.name) INTO highest;
    PERFORM setval(format('public.%I', each.sequence)::regclass, coalesce(highest, 1), highest IS NOT NULL);
  END LOOP;
END $$;

SELECT seed.remember();
"""
_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class SharedDatabase:
    """A migrated database that is as good as new after each ``clean``."""

    def __init__(self, url: str) -> None:
        self.url = url
        # The same connection each time: a new one would have to learn every table first, which is most of the work.
        self._engine = sa.create_engine(sync_url(url), pool_size=1, max_overflow=0, pool_pre_ping=True)

    def __enter__(self) -> SharedDatabase:
        """Remember what is in the database now."""
        self._run(_PREPARE)
        return self

    def clean(self) -> None:
        """Put it back, whatever a test has written or left open."""
        self._run(f"{_OTHERS}; SELECT seed.restore()")

    def __exit__(self, *_error: object) -> None:
        self._engine.dispose()

    def _run(self, sql: str) -> None:
        with self._engine.begin() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(sql)
            cursor.close()
