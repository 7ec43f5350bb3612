/** Every example of docs/SQL.md, by the database itself. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ParameterValue } from '@veritydb/query';
import { type ColumnType, type JsonValue, VerityError, valueToJson } from '@veritydb/types';
import { type TenantHandle, Verity } from '@veritydb/verity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const page = readFileSync(new URL('../../../../docs/SQL.md', import.meta.url), 'utf8');

interface Example {
  readonly sql: string;
  readonly parameters: readonly ParameterValue[];
  readonly answer: JsonValue | undefined;
  readonly code: string | undefined;
}

/** Statements end with `;` at a line's end; lines of what is expected begin with `-- => `, `-- ERR`. */
function examples(): readonly Example[] {
  const found: Example[] = [];
  for (const [, fence] of page.matchAll(/```sql\n([\s\S]*?)```/g)) {
    let sql = '';
    const lines = (fence as string).split('\n');
    for (const [index, line] of lines.entries()) {
      if (/^-- (=>|with|ERR)/.test(line)) continue;
      sql += `${line}\n`;
      if (!line.endsWith(';')) continue;
      const said = { parameters: [] as ParameterValue[], answer: undefined, code: undefined } as {
        parameters: ParameterValue[];
        answer: JsonValue | undefined;
        code: string | undefined;
      };
      for (const next of lines.slice(index + 1)) {
        if (next.startsWith('-- with '))
          said.parameters = JSON.parse(next.slice(8)) as ParameterValue[];
        else if (next.startsWith('-- => ')) said.answer = JSON.parse(next.slice(6)) as JsonValue;
        else if (next.startsWith('-- ERR')) said.code = next.slice(3);
        else break;
      }
      found.push({ sql, ...said });
      sql = '';
    }
  }
  return found;
}

/** The rows that a statement answers, as JSON; undefined for one that answers nothing. */
async function answerOf(tenant: TenantHandle, { sql, parameters }: Example): Promise<unknown> {
  const statement = await tenant.statements.parse(sql);
  if (statement.kind === 'select' || statement.kind === 'explain') {
    const { columns, rows } = await tenant.answer(sql, parameters);
    return rows.map((row) =>
      row.map((value, index) => valueToJson(columns[index]?.type as ColumnType, value)),
    );
  }
  const { rows } = await tenant.execute(sql, parameters);
  return rows.map((row) => Object.values(row));
}

describe('docs/SQL.md', () => {
  const all = examples();
  const folder = mkdtempSync(join(tmpdir(), 'verity-'));
  let verity: Verity;

  beforeAll(() => {
    Verity.create(folder, 'clinic.example/verity');
    verity = Verity.open(folder);
  });
  afterAll(() => {
    verity.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has examples', () => {
    expect(all.length).toBeGreaterThan(110);
    expect(all.filter(({ code }) => code !== undefined).length).toBeGreaterThan(40);
  });

  it.each(all.map((example) => [example.sql.trim(), example] as const))(
    '%s',
    async (_, example) => {
      const { answer, code } = example;
      let found: unknown;
      const failed = await answerOf(verity.tenant(1), example).then(
        (rows) => {
          found = rows;
          return 'none';
        },
        (error: unknown) => {
          if (error instanceof VerityError) return error.code;
          throw error;
        },
      );
      expect(failed).toBe(code ?? 'none');
      if (answer !== undefined) expect(found).toEqual(answer);
    },
  );
});
