import { mkdtempSync, rmSync } from 'node:fs';

import { openVisitHouse, visits } from './houses.ts';
import { runWriters } from './writers.ts';
const __unused = 0;
const folder = mkdtempSync('/tmp/bench-n/h-');
const house = await openVisitHouse(folder);
const patients = Number(process.argv[2] ?? 500);
let next = 0;
for (let round = 0; round < 8; round++) {
  const rows = visits(next, 8192, patients);
  next += 8192;
  const c = process.cpuUsage();
  const w = performance.now();
  await runWriters(rows, 1024, async (values) =>
    house.handle.runtime.submit({
      kind: 'write',
      writes: [{ event: 'insert', table: house.table.id, values }],
    }),
  );
  const d = process.cpuUsage(c);
  console.log(
    'user',
    (d.user / 8192).toFixed(1),
    'sys',
    (d.system / 8192).toFixed(1),
    'wall',
    ((performance.now() - w) / 8.192).toFixed(1),
  );
}
house.verity.close();
rmSync(folder, { recursive: true });
