import { readFileSync } from 'node:fs';

import type { JsonValue } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import type { ParameterValue } from '../src/index.ts';
import { agree, parseStatement } from '../src/index.ts';
import { secondOpinion } from '../src/second-opinion.ts';
import { Engine, codeOf } from './fixtures.ts';

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

describe('docs/SQL.md', () => {
  const engine = new Engine();
  const all = examples();

  it('has examples', () => {
    expect(all.length).toBeGreaterThan(70);
    expect(all.filter(({ code }) => code !== undefined).length).toBeGreaterThan(25);
  });

  it.each(all.map((example) => [example.sql.trim(), example] as const))('%s', (_, example) => {
    const { sql, parameters, answer, code } = example;
    let result: JsonValue | undefined;
    const found = codeOf(() => {
      result = engine.run(sql, parameters);
      agree(parseStatement(sql), secondOpinion(sql));
    });
    expect(found).toBe(code ?? 'none');
    expect(answer === undefined ? undefined : result).toEqual(answer);
  });
});
