/// <reference lib="dom" />
/**
 * A report as nodes of a page. Every text goes in as text, never as markup: most of it comes from the
 * bundle, and so from whoever made it.
 */

import { type BundleError, type CheckResult, type Report } from '@veritydb/bundle';

import { type Circumstances, WORDS, factsOf, meaningOf, placeOf, plain } from '../words.ts';

type Child = Node | string;

function element(tag: string, className: string, ...children: readonly Child[]): HTMLElement {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children.map((child) => (typeof child === 'string' ? plain(child) : child)));
  return made;
}

function verdict(kind: 'fails' | 'holds' | 'waits', title: string, detail: string): HTMLElement {
  const made = element(
    'section',
    `verdict ${kind}`,
    element('h2', '', title),
    element('p', '', detail),
  );
  if (kind !== 'waits') made.setAttribute('role', 'status');
  return made;
}

export function renderWaiting(title: string, detail: string): HTMLElement {
  return verdict('waits', title, detail);
}

/** What is no bundle, or a key that is none: there are no verdicts. */
export function renderUnreadable(error: BundleError): readonly Node[] {
  const title = error.code === 'ERR_BUNDLE_KEY' ? 'This is no key' : 'The bundle cannot be read';
  const hint =
    error.hint === undefined ? '' : ` ${error.hint[0]?.toUpperCase()}${error.hint.slice(1)}.`;
  return [verdict('fails', title, `${error.message} (${error.code}).${hint}`)];
}

export function renderReport(report: Report, circumstances: Circumstances): readonly Node[] {
  const failed = report.checks.filter((check) => check.verdict === 'failed').length;
  const summary = report.holds
    ? verdict(
        'holds',
        'All that is claimed holds',
        'Read below what is claimed, and what is not: no more than that is shown.',
      )
    : verdict(
        'fails',
        'This bundle is not to be relied on',
        `${failed} of ${report.checks.length} checks failed. What is wrong stands beside each.`,
      );
  return [
    summary,
    element('section', '', element('h2', '', 'Verdicts'), checksTable(report.checks)),
    element(
      'section',
      'not-proved',
      element('h2', '', 'What is not proved'),
      element('ul', '', ...report.notProved.map((line) => element('li', '', line))),
    ),
    element('section', '', element('h2', '', 'Values'), ...report.tables.flatMap(tableOf)),
    element('section', '', element('h2', '', 'What was checked'), factList(report, circumstances)),
    actions(),
  ];
}

function headOf(...titles: readonly string[]): HTMLElement {
  const cells = titles.map((title) => element('th', '', title));
  for (const cell of cells) cell.setAttribute('scope', 'col');
  return element('thead', '', element('tr', '', ...cells));
}

function checksTable(checks: readonly CheckResult[]): HTMLElement {
  const rows = checks.map((result) => {
    const { check, detail, failureCount, failures } = result;
    const found = element('td', '', detail, element('div', 'means', meaningOf(result)));
    if (failures.length > 0) {
      const lines = failures.map((failure) => element('li', '', placeOf(failure)));
      const more = failureCount - failures.length;
      if (more > 0) lines.push(element('li', '', `and ${more} more`));
      found.append(element('ul', 'failures', ...lines));
    }
    return element(
      'tr',
      result.verdict,
      element('td', '', check),
      element('td', 'mark', WORDS[result.verdict]),
      found,
    );
  });
  return element(
    'table',
    '',
    headOf('check', 'verdict', 'what was found'),
    element('tbody', '', ...rows),
  );
}

function tableOf(table: Report['tables'][number]): readonly Node[] {
  const rows = table.columns.map(({ attested, name, proved, source, transform }) => {
    const level = source === null || source.level === 0 ? '' : `, level ${source.level}`;
    return element(
      'tr',
      '',
      element('td', '', name),
      element('td', '', String(proved)),
      element('td', '', String(attested)),
      element('td', '', transform),
      element('td', '', source === null ? 'computed' : `${source.column}${level}`),
    );
  });
  const cut = table.truncated ? ', cut at a limit' : '';
  return [
    element('h3', '', `${table.name}: ${table.rows} rows${cut}`),
    element(
      'table',
      '',
      headOf('column', 'proved', 'attested only', 'transform', 'is'),
      element('tbody', '', ...rows),
    ),
  ];
}

function factList(report: Report, circumstances: Circumstances): HTMLElement {
  return element(
    'dl',
    '',
    ...factsOf(report, circumstances).flatMap(([name, value]) => [
      element('dt', '', name),
      element('dd', '', value),
    ]),
  );
}

function actions(): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Print this report';
  button.addEventListener('click', () => {
    window.print();
  });
  return element('div', 'actions', button);
}
