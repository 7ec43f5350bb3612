/** A new database filled after a template: tables, a policy in force, invented rows. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Connection } from '../connection.ts';
import { csvSource } from '../import/csv-file.ts';
import { importSources } from '../import/import-sources.ts';
import { readSchemaFile } from '../import/schema-file.ts';
import type { Terminal } from '../terminal.ts';
import { type Template, sampleFiles } from './template.ts';

/** The repository, or what is installed of it: from sources and compiled alike. */
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

export function templateFile(path: string): string {
  return join(ROOT, path);
}

/** Returns how many rows each table got. */
export async function applyTemplate(
  connection: Connection,
  template: Template,
  terminal: Terminal,
): Promise<Readonly<Record<string, number>>> {
  const declared = await readSchemaFile(templateFile(template.schema));
  const folder = await mkdtemp(join(tmpdir(), 'verity-template-'));
  try {
    const files = sampleFiles(template);
    for (const [name, text] of files) await writeFile(join(folder, name), text);
    const sources = [...files.keys()].map((name) => csvSource(join(folder, name)));
    const { plan } = await importSources({
      connection,
      sources,
      declared,
      terminal,
      rejects: null,
      say: () => {},
    });
    const policy = await readFile(templateFile(template.policy), 'utf8');
    await connection.json({ method: 'POST', path: '/admin/v1/policies', body: { yaml: policy } });
    return Object.fromEntries(plan.files.map(({ rowCount, source }) => [source.table, rowCount]));
  } finally {
    await rm(folder, { recursive: true });
  }
}
