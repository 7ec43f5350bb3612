/**
 * A language model whose mind is made up: it does the whole walk, reads of each answer only what its client
 * shows it, and ends with a sentence that cites a receipt. Clients differ in how they hand a result on, so
 * it looks for the one JSON object of ours in whatever it is handed.
 */

type Answer = Readonly<Record<string, unknown>>;

export interface ToolUse {
  readonly name: string;
  readonly given: Record<string, unknown>;
}

export type Turn = ToolUse | { readonly say: string };

/** Members by one of which each of our answers is known. */
const KNOWN_BY = ['error', 'tables', 'rows', 'export_id', 'checks', 'entries'];

export const PAGE = 25;
export const ASKED = 'SELECT id, city, age, remark FROM people';
export const FORBIDDEN = 'SELECT name FROM people';

/** The walk: list, schema, pages, a refusal, export, verification, audit. */
function* walk(): Generator<ToolUse, string, Answer> {
  const { tables } = yield { name: 'verity_schema', given: {} };
  let count = 0;
  let receipt = '';
  let next: unknown;
  do {
    const paged = next === undefined ? {} : { cursor: next };
    const given = { sql: ASKED, max_rows: PAGE, ...paged };
    const page = yield { name: 'verity_query', given };
    count += (page['rows'] as readonly unknown[]).length;
    receipt = (page['receipt'] as { readonly id: string }).id;
    next = page['next_cursor'];
  } while (next !== undefined);
  const refused = yield { name: 'verity_query', given: { sql: FORBIDDEN } };
  const { code } = refused['error'] as { readonly code: string };
  const made = yield {
    name: 'verity_export',
    given: { sql: ASKED, idempotency_id: '5a'.repeat(16) },
  };
  const exportId = made['export_id'];
  const ofExport = yield { name: 'verity_verify', given: { export_id: exportId } };
  const ofReceipt = yield { name: 'verity_verify', given: { receipt_id: receipt } };
  const { entries } = yield { name: 'verity_audit', given: { limit: 100 } };
  const tableNames = (tables as readonly { readonly name: string }[]).map(({ name }) => name);
  const actions = (entries as readonly { readonly action: string }[]).map(({ action }) => action);
  return [
    `Of ${tableNames.join(', ')} I counted ${count} [receipt ${receipt}].`,
    `Names were refused: ${code}.`,
    `Export valid: ${String(ofExport['valid'])}; receipt valid: ${String(ofReceipt['valid'])}.`,
    `The trail has: ${[...new Set(actions)].toSorted().join(', ')}.`,
  ].join(' ');
}

export class ScriptedModel {
  readonly #walk: Generator<ToolUse, string, Answer> = walk();
  /** All that it was shown. */
  readonly shown: string[] = [];

  /** @param result of the tool that it used last; nothing at first */
  next(result?: unknown): Turn {
    if (result !== undefined) this.shown.push(JSON.stringify(result));
    const step = this.#walk.next(result === undefined ? {} : ourAnswer(result));
    return step.done === true ? { say: step.value } : step.value;
  }
}

function ourAnswer(handed: unknown): Answer {
  const found = search(handed);
  if (found === null) throw new Error(`no answer of ours in ${JSON.stringify(handed)}`);
  return found;
}

function search(value: unknown): Answer | null {
  if (typeof value === 'string') return search(parsed(value));
  if (typeof value !== 'object' || value === null) return null;
  if (KNOWN_BY.some((name) => Object.hasOwn(value, name))) return value as Answer;
  for (const member of Object.values(value)) {
    const found = search(member);
    if (found !== null) return found;
  }
  return null;
}

/** Some clients hand all blocks on as one text, or put words of their own around an error. */
function parsed(text: string): unknown {
  const inner = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  for (const part of [text, ...text.split('\n'), inner]) {
    try {
      const value = JSON.parse(part) as unknown;
      if (typeof value === 'object') return value;
    } catch {
      // Not this part.
    }
  }
  return null;
}
