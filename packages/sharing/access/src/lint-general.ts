/** GEN-*: what holds for every policy. */

import type { TransformName } from '@veritydb/privacy';
import type { ColumnDefinition } from '@veritydb/types';

import type { Remark } from './finding.ts';
import type { PolicyColumn } from './policy.ts';

/** Transforms after which nothing of the value is left. */
export const HIDING: ReadonlySet<TransformName> = new Set(['drop', 'null', 'fixed', 'mask']);

export function* lintGeneral(
  { dataClass, rule }: PolicyColumn,
  declared: ColumnDefinition | undefined,
): Generator<Remark> {
  const declaredClass = declared?.dataClass ?? null;
  if (dataClass === null) {
    yield {
      code: 'GEN-1',
      message: 'it has no class',
      hint: 'Say what the column holds: class: direct-id, quasi-id, sensitive, …',
    };
  } else if (declaredClass !== null && declaredClass !== dataClass) {
    yield {
      code: 'GEN-1',
      message: `its class is ${dataClass} here and ${declaredClass} in the table`,
      hint: 'Give the class that the table declares, or change it there first.',
    };
  }
  const isFreeText = dataClass === 'free-text' || declaredClass === 'free-text';
  if (isFreeText && !HIDING.has(rule.use) && rule.use !== 'detect-redact') {
    yield {
      code: 'GEN-2',
      message: `free text leaves by ${rule.use}`,
      hint: 'Free text can hold anything: use drop, null, fixed or mask, or detect-redact.',
    };
  }
  if (rule.use !== 'token') return;
  if (rule.alg !== undefined && rule.alg !== 'hmac-sha256') {
    yield {
      code: 'GEN-3',
      message: 'its pseudonym is not a keyed one',
      hint: 'A hash without a key is undone by a dictionary: leave alg out, or say hmac-sha256.',
    };
  }
  if (rule.bits !== undefined && rule.bits !== 128) {
    yield {
      code: 'GEN-4',
      message: 'its pseudonym does not have 128 bits',
      hint: 'Shorter ones collide, longer ones do not exist here: leave bits out, or say 128.',
    };
  }
}
