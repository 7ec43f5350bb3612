/** README.txt and the list of what is not proved: for people who open the zip. */

import type { Manifest } from './manifest.ts';

/** What no bundle of this format proves, and what this one does not. */
export function describeNotProved(
  tables: Manifest['tables'],
  hasConsent: boolean,
): readonly string[] {
  const lines = [
    'That what was written to the log was true.',
    'That nothing was kept outside the log.',
    'Completeness: that no other row of the log answers the statement.',
    'That a row is the newest version of its key: only that the log holds it as it is shown.',
    'That the policy named here was the newest one: only that it was activated as it stands here.',
    'The time, unless a time stamp is in the bundle: records carry that of the operator’s own clock.',
    'That nobody was shown another history, unless witnesses cosigned: compare checkpoints with others.',
    'That recipients cannot join what they got: rows show their place in the log, the same to all.',
  ];
  if (tables.some((table) => table.columns.some((column) => column.attested > 0))) {
    lines.push(
      'Attested values: they were computed on the way out, and the operator answers for them.',
    );
  }
  if (hasConsent) {
    lines.push('That whose rows are here agreed: only that the operator recorded so.');
  }
  if (tables.some((table) => table.truncated)) {
    lines.push('Rows beyond the limit of the answer: they were left out.');
  }
  return lines;
}

function describeColumns(table: Manifest['tables'][number]): readonly string[] {
  return [
    `Columns of ${table.name}, ${table.rows} rows`,
    ...table.columns.map(({ attested, name, transform, type }) => {
      const proved = attested === 0 ? 'proved' : `${attested} of ${table.rows} values not proved`;
      return `  ${name}: ${type}; ${transform}; ${proved}`;
    }),
    '',
  ];
}

/** @param isReleased whether there is a table that left under a release model */
export function formatReadme(manifest: Omit<Manifest, 'files'>, isReleased: boolean): string {
  const lines = [
    'This is an export of records, with proofs that they stand in an append-only log.',
    '',
    `Export:    ${manifest.exportId}`,
    `Log:       ${manifest.origin}`,
    `Recipient: ${manifest.recipient}`,
    `Purpose:   ${manifest.purpose}`,
    `Policy:    ${manifest.policy.name}, version ${manifest.policy.version}`,
    '',
    'Files',
    '  data/          the rows, one JSON object a line: this is what you asked for (and as CSV, if you',
    '                 did: the first apostrophe of a text in it is never part of the text)',
    '  disclosures/   for each row, where it stands in the log, and what opens or hides its fields',
    ...(isReleased
      ? [
          '  release/       what was made of a table before it was released, and the risk that is left',
        ]
      : []),
    ...(manifest.consent === null
      ? []
      : ['  consent.ndjson who permitted it, under names that are of this export alone']),
    '  manifest.json  what this is, for whom, and what each column is',
    '  policy.yaml    the policy that decided what you see',
    '  checkpoint     the state of the log, signed by its operator',
    '  proofs/        that rows, policy and this very export are in the log at that state',
    '',
    ...manifest.tables.flatMap(describeColumns),
    'How to check it, with no network and without the sender',
    '  verity-verify bundle.zip --key-file log.key',
    'Take the key of the log from its operator by a way that you trust, never from a bundle.',
    'Keep the file "checkpoint": given with --held-checkpoint next time, it shows that the log has',
    'only grown since.',
    '',
    'What is not proved',
    ...manifest.notProved.map((line) => `  - ${line}`),
    '',
  ];
  return lines.join('\n');
}
