/** The master key comes from its file or from the environment, never from both (S071). */

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expectCode } from '@veritydb/testkit';
import { Verity } from '@veritydb/verity';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const KEY = '0123456789abcdef'.repeat(4);
const environment = { VERITY_MASTER_KEY: KEY };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verity-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function countRows(verity: Verity): Promise<number> {
  return (await verity.tenant(1).query('SELECT id FROM t')).length;
}

describe('VERITY_MASTER_KEY', () => {
  it('opens what was made with it, and no file holds it', async () => {
    Verity.create(folder, 'clinic.example/verity', environment);
    expect(existsSync(join(folder, 'master.key'))).toBe(false);
    const verity = Verity.open(folder, { environment });
    await verity.tenant(1).execute('CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY)');
    await verity.tenant(1).execute('INSERT INTO t VALUES (1)');
    verity.close();
    const again = Verity.open(folder, { environment });
    expect(await countRows(again)).toBe(1);
    again.close();
  });

  it('takes the place of a file that was moved away', async () => {
    Verity.create(folder, 'clinic.example/verity', environment);
    Verity.open(folder, { environment }).close();
    writeFileSync(join(folder, 'master.key'), `${KEY}\n`, { mode: 0o600 });
    const byFile = Verity.open(folder);
    byFile.tenant(1);
    byFile.close();
  });

  it('and a file are refused together, also where they agree', () => {
    Verity.create(folder, 'clinic.example/verity');
    const refused = expectCode(() => Verity.open(folder, { environment }), 'ERR_VERITY_MASTER_KEY');
    expect(`${refused.message} ${refused.hint}`).not.toContain(KEY);
    // Refused before the lock was taken.
    Verity.open(folder).close();
  });

  it('that is malformed makes no folder', () => {
    const place = join(folder, 'new');
    const wrong = { VERITY_MASTER_KEY: KEY.slice(1) };
    const refused = expectCode(
      () => Verity.create(place, 'clinic.example/verity', wrong),
      'ERR_RUNTIME_MASTER_KEY',
    );
    expect(`${refused.message} ${refused.hint}`).not.toContain(KEY.slice(1));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of another database, or none, opens nothing', () => {
    Verity.create(folder, 'clinic.example/verity', environment);
    const verity = Verity.open(folder, { environment });
    verity.tenant(1);
    verity.close();
    for (const other of [{ VERITY_MASTER_KEY: 'f'.repeat(64) }, {}]) {
      const wrong = Verity.open(folder, { environment: other });
      expect(() => wrong.tenant(1)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^ERR_(RUNTIME|CRYPTO)_/) }),
      );
      wrong.close();
    }
  });
});
