/** What a data officer does by hand: policies, consents, tokens and reports, on a folder without a server. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Run, runOn } from '../captured-terminal.ts';

const POLICIES = join(import.meta.dirname, '../../../../policies');
const folder = mkdtempSync(join(tmpdir(), 'verity-sharing-'));
const at = (name: string): string => join(folder, name);
const data = at('db');
const policy = join(POLICIES, 'gdpr-pseudonymised.yaml');

const verity = (...args: readonly string[]): Promise<Run> =>
  runOn(args, { environment: { VERITYD_DATA: data } });

/** A run that must succeed; its answer. */
async function answer(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, error, out } = await verity(...args, '--json');
  expect(code, error).toBe(0);
  return out.trim() === '' ? {} : (JSON.parse(out) as Record<string, unknown>);
}

async function failing(code: string, ...args: readonly string[]): Promise<void> {
  const run = await verity(...args, '--json');
  expect(run.code, run.out).toBe(1);
  expect(JSON.parse(run.error)).toMatchObject({ error: { code } });
}

beforeAll(async () => {
  await answer('init', data, '--origin', 'shop.example/verity');
  await answer(
    'sql',
    'CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT, born DATE, postcode TEXT, DATA SUBJECT id)',
  );
  await answer(
    'sql',
    "INSERT INTO customers VALUES ('c-1001', 'Ada', DATE '1980-02-03', '10115'), ('c-1002', 'Max', NULL, NULL)",
  );
  writeFileSync(at('ada.txt'), 'c-1001\n');
  writeFileSync(at('notice.txt'), 'We share.\n');
  writeFileSync(at('log.key'), (await verity('log', 'key')).out);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('policies', () => {
  const cases = join(POLICIES, 'tests/gdpr-pseudonymised.yaml');

  it('are tried: the exit code says whether their cases hold', async () => {
    expect(await answer('policy', 'test', policy, cases)).toMatchObject({ cases: 2, failed: [] });
    const wrong = at('wrong.yaml');
    writeFileSync(wrong, readFileSync(cases, 'utf8').replace("born: '1980'", "born: '1981'"));
    const run = await verity('policy', 'test', policy, wrong);
    expect(run.code).toBe(1);
    expect(run.out).toContain('case 1, customers: born leaves as 1980, not as 1981');
  });

  it('are explained, column by column', async () => {
    const { columns, consent } = await answer('policy', 'explain', policy);
    expect(consent).toBe('of each data subject');
    expect(columns).toContainEqual({
      table: 'customers',
      column: 'name',
      class: 'direct-id',
      leaves: 'does not leave',
    });
  });

  it('are compared, and put back', async () => {
    await answer('policy', 'activate', policy);
    const next = at('next.yaml');
    const text = readFileSync(policy, 'utf8').replace('version: 1', 'version: 2');
    writeFileSync(
      next,
      text.replace(
        'name: { class: direct-id, use: drop }',
        'name: { class: direct-id, use: token }',
      ),
    );
    const { opened, closed } = await answer('policy', 'diff', 'gdpr-pseudonymised', next);
    expect({ opened, closed }).toEqual({ opened: ['customers.name'], closed: [] });
    await answer('policy', 'activate', next);
    expect(await answer('policy', 'rollback', 'gdpr-pseudonymised', '1')).toMatchObject({
      version: 3,
    });
    const again = await answer('policy', 'diff', 'gdpr-pseudonymised@1', 'gdpr-pseudonymised');
    expect(again).toMatchObject({
      opened: [],
      closed: [],
      changes: [{ path: 'metadata.version' }],
    });
    const { policies } = await answer('policy', 'list');
    expect((policies as { readonly active: boolean }[]).map(({ active }) => active)).toEqual([
      false,
      false,
      true,
    ]);
    await failing('ERR_DISCLOSURE_POLICY_UNKNOWN', 'policy', 'diff', 'gdpr-pseudonymised@9', next);
  });
});

describe('consents and tokens', () => {
  const token = at('token.jwt');

  /** Rows of customers that the token would see now. */
  async function rowsSeen(): Promise<unknown> {
    const { tables } = await answer('token', 'explain', token);
    return (tables as { readonly rows: number }[]).map(({ rows }) => rows);
  }

  it('decide together what is seen', async () => {
    const issue = ['token', 'issue', '--recipient', 'lab', '--purpose', 'dpv:ScientificResearch'];
    const right = ['--policy', 'gdpr-pseudonymised', '--allow', 'schema,query', '--lifetime', '1h'];
    const narrow = [
      '--table',
      'customers:*',
      '--where',
      'customers:{"column":"born","isNull":false}',
    ];
    await answer(...issue, ...right, ...narrow, '--max-queries', '5', '--out', token);
    expect(await rowsSeen()).toEqual([0]);
    const subject = `@${at('ada.txt')}`;
    const who = ['--recipient', 'lab', '--controller', 'The shop', '--expires', '30d'];
    const notice = ['--notice-uri', 'https://shop.example/n', '--notice-file', at('notice.txt')];
    const grant = ['consent', 'grant', subject, '--purpose', 'dpv:ResearchAndDevelopment'];
    const { consent_id: id } = await answer(...grant, ...who, ...notice);
    expect(await rowsSeen()).toEqual([1]);
    expect(await answer('consent', 'list', subject)).toMatchObject({
      consents: [{ consent_id: id, state: 'given', notice: { language: 'en' } }],
    });
    const receipt = at('consent.receipt');
    writeFileSync(receipt, (await verity('consent', 'receipt', String(id))).out);
    const verified = await answer(
      'consent',
      'verify-receipt',
      receipt,
      '--key-file',
      at('log.key'),
    );
    expect(verified).toMatchObject({
      consent_id: id,
      state: 'given',
      origin: 'shop.example/verity',
    });
    writeFileSync(receipt, readFileSync(receipt, 'utf8').replace('"given"', '"renewed"'));
    await failing(
      'ERR_BUNDLE_COMMITMENT',
      'consent',
      'verify-receipt',
      receipt,
      '--key-file',
      at('log.key'),
    );
    await answer('consent', 'renew', String(id), '--expires', '60d');
    await answer('consent', 'refuse', subject, '--purpose', 'dpv:Marketing', ...who);
    expect(await rowsSeen()).toEqual([1]);
    await answer('consent', 'withdraw', String(id));
    expect(await rowsSeen()).toEqual([0]);
    await failing('ERR_KERNEL_CONSENT_STATE', 'consent', 'renew', String(id));
  });

  it('tokens are told apart from what is none, and their key is renewed', async () => {
    expect(await answer('token', 'introspect', token)).toMatchObject({ active: true, sub: 'lab' });
    expect((await answer('token', 'renew-key'))['keys']).toHaveLength(2);
    expect((await answer('token', 'renew-key', '--retire'))['keys']).toHaveLength(1);
    const run = await verity('token', 'introspect', token, '--json');
    expect(run.code).toBe(1);
    expect(JSON.parse(run.out)).toEqual({ active: false });
  });
});

describe('reports', () => {
  it('are written for the person, and listed for the law', async () => {
    const subject = `@${at('ada.txt')}`;
    expect(await answer('report', 'accounting', subject)).toMatchObject({
      disclosures: [],
      series: [],
    });
    const [whole, rows] = [at('access.json'), at('rows.json')];
    expect(await answer('report', 'access', subject, '--out', whole)).toMatchObject({ tables: 1 });
    const report = JSON.parse(readFileSync(whole, 'utf8')) as Record<string, unknown>;
    expect(report).toMatchObject({
      data: [{ table: 'customers', rows: [['c-1001', 'Ada', '1980-02-03', '10115']] }],
    });
    await answer('report', 'portability', subject, '--out', rows);
    expect(JSON.parse(readFileSync(rows, 'utf8'))).toEqual(report['data']);
    expect(await answer('report', 'processing')).toMatchObject({
      activities: [
        {
          controller: 'The shop',
          legal_basis: 'eu-gdpr:A6-1-a',
          recipients: ['lab'],
          retention: 'P90D',
        },
      ],
    });
    expect(await answer('report', 'holders')).toMatchObject({
      holders: [{ recipient: 'lab', tables: { customers: '*' }, state: 'active' }],
    });
  });
});
