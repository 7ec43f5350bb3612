/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The page `verify.html`: a bundle is dropped, a key pasted, and the verdicts stand below. All of it
 * happens in this browser: the page's own policy forbids every connection.
 */

import { BundleError, type Report, verifyBundle } from '@veritydb/bundle';
import { portableCrypto } from '@veritydb/crypto';
import { bytesToHex } from '@veritydb/types';

import { renderReport, renderUnreadable, renderWaiting } from './render.ts';

interface Bundle {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

let bundle: Bundle | null = null;
/** Texts that may be given, too. */
const given: Partial<Record<'heldCheckpoint' | 'timeStampRoots' | 'witnessPolicy', string>> = {};
/** What was given last: an answer to something older is thrown away. */
let generation = 0;

function part<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

const bundleInput = part('bundle', HTMLInputElement);
const keyText = part('key', HTMLTextAreaElement);
const keyInput = part('key-file', HTMLInputElement);
const reportPlace = part('report', HTMLElement);

function show(...content: readonly Node[]): void {
  reportPlace.replaceChildren(...content);
}

/** Lets what was shown be painted before the work that keeps the browser busy. */
function afterPaint(step: () => void): void {
  requestAnimationFrame(() => {
    setTimeout(step, 0);
  });
}

function check(): void {
  generation += 1;
  const mine = generation;
  const key = keyText.value.trim();
  if (bundle === null) {
    show();
    return;
  }
  if (key === '') {
    show(renderWaiting('Give the key of the log', 'Without it nothing about a bundle is proved.'));
    return;
  }
  show(renderWaiting('Checking…', bundle.name));
  const checked = bundle;
  afterPaint(() => {
    if (mine === generation) show(...verdictsOn(checked, key));
  });
}

function verdictsOn(checked: Bundle, verifierKey: string): readonly Node[] {
  let report: Report;
  try {
    report = verifyBundle(portableCrypto, checked.bytes, { verifierKey, ...given });
  } catch (error) {
    if (error instanceof BundleError) return renderUnreadable(error);
    throw error;
  }
  return renderReport(report, {
    fileName: checked.name,
    size: checked.bytes.length,
    sha256: checked.sha256,
    verifierKey,
    checkedAt: new Date().toISOString(),
  });
}

async function takeBundle(file: File): Promise<void> {
  show(renderWaiting('Reading…', file.name));
  const bytes = new Uint8Array(await file.arrayBuffer());
  const sha256 = bytesToHex(portableCrypto.sha256(bytes));
  bundle = { name: file.name, bytes, sha256 };
  check();
}

/** Runs a step that waits for a file, and shows what went wrong with it. */
function taking(step: Promise<void>): void {
  step.catch((error: unknown) => {
    show(renderWaiting('The file cannot be read', String(error)));
  });
}

bundleInput.addEventListener('change', () => {
  const [file] = bundleInput.files ?? [];
  if (file !== undefined) taking(takeBundle(file));
});
keyText.addEventListener('input', check);
keyInput.addEventListener('change', () => {
  const [file] = keyInput.files ?? [];
  if (file === undefined) return;
  taking(
    file.text().then((text) => {
      keyText.value = text.trim();
      return check();
    }),
  );
});
for (const [id, name] of [
  ['held', 'heldCheckpoint'],
  ['policy', 'witnessPolicy'],
  ['roots', 'timeStampRoots'],
] as const) {
  const input = part(id, HTMLInputElement);
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file === undefined) {
      delete given[name];
      check();
      return;
    }
    taking(
      file.text().then((text) => {
        given[name] = text;
        return check();
      }),
    );
  });
}
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dragging');
});
document.addEventListener('dragleave', () => {
  document.body.classList.remove('dragging');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dragging');
  const files = event.dataTransfer?.files ?? null;
  const [file] = files ?? [];
  if (file === undefined) return;
  // The field names what is checked.
  bundleInput.files = files;
  taking(takeBundle(file));
});
check();
