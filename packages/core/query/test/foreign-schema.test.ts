/** Tables of other databases, as their own tools dump them. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { FOREIGN_DIALECTS, readForeignSchema } from '../src/foreign-schema.ts';
import { parseStatement } from '../src/index.ts';

const POSTGRESQL = `--
-- PostgreSQL database dump; CREATE TABLE in_a_comment (id int);
--
SET statement_timeout = 0;
CREATE TABLE public.patients (
    id uuid NOT NULL,
    name character varying(100) DEFAULT 'x; y'::character varying NOT NULL,
    tags text[],
    weight double precision,
    seen timestamp with time zone DEFAULT now(),
    CONSTRAINT weight_check CHECK ((weight > 0))
);
CREATE FUNCTION f() RETURNS int AS $body$ CREATE TABLE in_a_function (id int); $body$ LANGUAGE sql;
COPY public.patients (id, name) FROM stdin;
1\tCREATE TABLE in_the_data (id int);
\\.
ALTER TABLE ONLY public.patients
    ADD CONSTRAINT patients_pkey PRIMARY KEY (id);
CREATE TABLE nobody (a int);
`;

const MYSQL = `/*!40101 SET NAMES utf8 */;
CREATE TABLE \`Visits\` (
  \`id\` int(11) NOT NULL AUTO_INCREMENT,
  \`note\` varchar(255) DEFAULT 'it\\'s; here',
  \`big\` bigint unsigned NOT NULL DEFAULT '0',
  \`kind\` enum('a','b') DEFAULT 'a',
  PRIMARY KEY (\`id\`), UNIQUE KEY \`u\` (\`note\`), KEY \`k\` (\`kind\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO \`Visits\` VALUES (1,'CREATE TABLE in_the_data (id int);',0,'a');
`;

const SQLITE = `CREATE TABLE IF NOT EXISTS "order lines" (
  id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL DEFAULT 'x', b REAL, c BLOB, UNIQUE(a));
CREATE INDEX i ON "order lines" (b);
`;

describe('tables of other databases', () => {
  it('are read from a dump of PostgreSQL', () => {
    expect(readForeignSchema(POSTGRESQL, 'postgresql')).toEqual({
      statements: [
        `CREATE TABLE "patients" (
  "id" UUID NOT NULL,
  "name" TEXT NOT NULL DEFAULT 'x; y',
  "tags" JSON,
  "weight" DECIMAL,
  "seen" TIMESTAMP,
  PRIMARY KEY ("id")
)`,
      ],
      notes: [
        'patients: tags: TEXT[] becomes JSON',
        'patients: weight: DOUBLE PRECISION becomes DECIMAL: there are no binary fractions here',
        'patients: seen: its values are given by the database there; here every row brings one',
        'patients: CHECK is left out',
        'nobody: left out, it has no primary key',
      ],
    });
  });

  it('of MySQL', () => {
    const { notes, statements } = readForeignSchema(MYSQL, 'mysql');
    expect(statements).toEqual([
      `CREATE TABLE "visits" (
  "id" INTEGER NOT NULL,
  "note" TEXT DEFAULT 'it''s; here',
  "big" DECIMAL NOT NULL DEFAULT 0,
  "kind" TEXT DEFAULT 'a',
  PRIMARY KEY ("id")
)`,
    ]);
    expect(notes).toContain(
      'visits: id: its values are given by the database there; here every row brings one',
    );
    expect(notes).toContain('visits: UNIQUE (note) is left out: CREATE UNIQUE INDEX makes it');
  });

  it('and of SQLite', () => {
    const { statements } = readForeignSchema(SQLITE, 'sqlite');
    expect(statements).toEqual([
      `CREATE TABLE "order_lines" (
  "id" INTEGER NOT NULL,
  "a" TEXT NOT NULL DEFAULT 'x',
  "b" DECIMAL,
  "c" BYTES,
  PRIMARY KEY ("id")
)`,
    ]);
  });

  it('throw nothing, and give statements that are ours, whatever is in the file', () => {
    const dumps = fc.constantFrom(POSTGRESQL, MYSQL, SQLITE);
    fc.assert(
      fc.property(
        dumps,
        fc.constantFrom(...FOREIGN_DIALECTS),
        fc.nat(),
        fc.string({ maxLength: 6, unit: fc.constantFrom(...'\'"`;()-/*$[]\\x,1'.split('')) }),
        (dump, dialect, at, inserted) => {
          const cut = at % dump.length;
          const text = dump.slice(0, cut) + inserted + dump.slice(cut);
          for (const statement of readForeignSchema(text, dialect).statements) {
            expect(parseStatement(statement).kind).toBe('create-table');
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
