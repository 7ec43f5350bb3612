/**
 * The report as one page to print or to file: no script, nothing that is loaded from elsewhere, which its
 * own policy forbids. What is not proved stands before the details, as large as the verdicts.
 */

import { createHash } from 'node:crypto';

import type { CheckResult, Report } from '@veritydb/bundle';

import { type Circumstances, WORDS, factsOf, meaningOf, placeOf, plain } from './words.ts';

const STYLE = `
@page { margin: 18mm }
body { font: 11pt/1.4 system-ui, sans-serif; color: #1c2126; max-width: 180mm; margin: 8mm auto; padding: 0 4mm }
h1 { font-size: 17pt; margin: 0 0 4mm }
h2 { font-size: 13pt; margin: 7mm 0 2mm; break-after: avoid }
.verdict { border: 2px solid; padding: 3mm 5mm; font-weight: 700 }
.holds { color: #14692f }
.fails { color: #a61b1b }
.verdict p { margin: 1mm 0 0; font-weight: 400; color: #1c2126 }
table { border-collapse: collapse; width: 100% }
th, td { border-top: 1px solid #d5dae0; padding: 1.5mm 3mm 1.5mm 0; text-align: left; vertical-align: top }
thead th { border-top: 0; font-size: 9pt }
tr { break-inside: avoid }
.mark { font-weight: 700; white-space: nowrap }
.proved .mark { color: #14692f }
.attested .mark { color: #8a5a00 }
.failed .mark, .failures { color: #a61b1b }
.means { font-size: 9.5pt; color: #59636e }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 1mm 4mm; margin: 0 }
dd { margin: 0; overflow-wrap: anywhere }
li { margin: .5mm 0 }
`;

export function formatReportHtml(report: Report, circumstances: Circumstances): string {
  const failed = report.checks.filter(({ verdict }) => verdict === 'failed');
  const unclaimed = report.checks.filter(({ verdict }) => verdict === 'not-claimed');
  const style = createHash('sha256').update(STYLE).digest('base64');
  const notProved = [...report.notProved, ...unclaimed.map(meaningOf), ...failed.map(meaningOf)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${style}'">
<title>${text(`Verification of ${circumstances.fileName}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Verification of an export</h1>
${verdictOf(report, failed.length)}
<h2>Verdicts</h2>
${tableOf(['check', 'verdict', 'what was found'], report.checks.map(checkRow))}
<h2>What is not proved</h2>
<ul>
${notProved.map((line) => `<li>${text(line)}</li>`).join('\n')}
</ul>
<h2>Values</h2>
${report.tables.map(valuesOf).join('\n')}
<h2>What was checked</h2>
<dl>
${factsOf(report, circumstances)
  .map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`)
  .join('\n')}
</dl>
</body>
</html>
`;
}

/** Attacker-controlled: text of a bundle, which must stay text. */
function text(value: string): string {
  return plain(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function verdictOf(report: Report, failedCount: number): string {
  const [kind, title, detail] = report.holds
    ? ['holds', 'All that is claimed holds', 'No more is shown than what stands below as proved.']
    : [
        'fails',
        'This bundle is not to be relied on',
        `${failedCount} of ${report.checks.length} checks failed. What is wrong stands beside each.`,
      ];
  return `<div class="verdict ${kind}">${title}<p>${detail}</p></div>`;
}

function tableOf(titles: readonly string[], rows: readonly string[]): string {
  const head = titles.map((title) => `<th scope="col">${title}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`;
}

function checkRow(result: CheckResult): string {
  const { check, detail, failureCount, failures, verdict } = result;
  const more = failureCount - failures.length;
  const lines = [...failures.map(placeOf), ...(more > 0 ? [`and ${more} more`] : [])];
  const wrong = lines.map((line) => `<li>${text(line)}</li>`).join('');
  const list = wrong === '' ? '' : `<ul class="failures">${wrong}</ul>`;
  return `<tr class="${verdict}"><td>${check}</td><td class="mark">${WORDS[verdict]}</td><td>${text(
    detail,
  )}<div class="means">${text(meaningOf(result))}</div>${list}</td></tr>`;
}

function valuesOf({ columns, name, rows, truncated }: Report['tables'][number]): string {
  const cells = columns.map((column) => {
    const { attested, proved, source, transform } = column;
    const level = source === null || source.level === 0 ? '' : `, level ${source.level}`;
    const is = source === null ? 'computed' : `${source.column}${level}`;
    return `<tr><td>${text(column.name)}</td><td>${proved}</td><td>${attested}</td><td>${text(
      transform,
    )}</td><td>${text(is)}</td></tr>`;
  });
  const cut = truncated ? ', cut at a limit' : '';
  const titles = ['column', 'proved', 'attested only', 'transform', 'is'];
  return `<p>${text(name)}: ${rows} rows${cut}</p>\n${tableOf(titles, cells)}`;
}
