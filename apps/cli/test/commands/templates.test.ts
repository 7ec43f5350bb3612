import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SampleRandom } from '../../src/templates/sample-random.ts';
import { TEMPLATES, type TemplateName, sampleFiles } from '../../src/templates/template.ts';
import { runOn } from '../captured-terminal.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verity-template-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const names = Object.keys(TEMPLATES) as TemplateName[];

describe.each(names)('the template %s', (name) => {
  it('makes a database with tables, rows, and a policy in force', async () => {
    const data = join(folder, name);
    const { code, error, out } = await runOn(['init', data, '--template', name, '--json']);
    expect(code, error).toBe(0);
    const { rows } = JSON.parse(out) as { rows: Record<string, number> };
    expect(Object.keys(rows)).toEqual(TEMPLATES[name].tables);
    const listed = await runOn(['--data', data, 'policy', 'list', '--json']);
    const { policies } = JSON.parse(listed.out) as {
      policies: { name: string; active: boolean }[];
    };
    expect(policies).toMatchObject([{ active: true }]);
    const classified = await runOn([
      '--data',
      data,
      'sql',
      `SELECT COUNT(*) FROM ${TEMPLATES[name].tables[0]}`,
      '--json',
    ]);
    expect(JSON.parse(classified.out)).toMatchObject({ rows: [[60]] });
  });

  it('has the same rows for everybody', () => {
    expect([...sampleFiles(TEMPLATES[name])]).toEqual([...sampleFiles(TEMPLATES[name])]);
  });
});

it('what to do next is a command that runs', async () => {
  const data = join(folder, 'next');
  const { error } = await runOn(['init', data, '--template', 'finance']);
  expect(error).toContain('The rows are invented.');
  const command = /verity (--data .*?--out token\.jwt)/s.exec(error)?.[1] ?? '';
  const words = [...command.replaceAll('\\\n', ' ').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
  const token = join(folder, 'token.jwt');
  expect(await runOn([...words.slice(0, -1), token])).toMatchObject({ code: 0 });
  expect(await runOn(['--data', data, 'token', 'explain', token])).toMatchObject({ code: 0 });
});

it('a template that there is not is refused before anything is made', async () => {
  const { code, error } = await runOn(['init', join(folder, 'no'), '--template', 'helth']);
  expect(code).toBe(2);
  expect(error).toContain('health');
  expect((await runOn(['--data', join(folder, 'no'), 'status'])).code).toBe(1);
});

it('chance is within its bounds', () => {
  const random = new SampleRandom(1);
  const seen = Array.from({ length: 2000 }, () => random.between(1, 6));
  expect(new Set(seen)).toEqual(new Set([1, 2, 3, 4, 5, 6]));
});
