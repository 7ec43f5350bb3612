/** Free text with what was found in it replaced by the name of its kind: `[PERSON]`. */

import type { ColumnDefinition, Value } from '@veritydb/types';
import { RE2JS, RE2JSException } from 're2js';

import { misfit } from '../refused.ts';
import type { DetectRedactRule } from '../rule.ts';
import { detectEntities } from './detect.ts';
import { ENTITY_TYPES, type EntityFinding, withoutOverlaps } from './finding.ts';

export const PATTERNS_COUNT_MAX = 32;
export const PATTERN_LENGTH_MAX = 256;

/** A policy's own patterns, on an engine whose time is linear in the text (RE2): none can hang the house. */
type PatternSearch = (text: string) => readonly EntityFinding[];

/** @throws {PrivacyError} ERR_PRIVACY_RULE */
export function planDetectRedact(rule: DetectRedactRule, column: ColumnDefinition): void {
  if (rule.entities?.some((type) => !ENTITY_TYPES.includes(type)) === true) {
    throw misfit(column, 'there is no such kind of entity', `Use ${ENTITY_TYPES.join(', ')}.`);
  }
  compilePatterns(rule, column);
}

export function compileDetectRedact(
  rule: DetectRedactRule,
  column: ColumnDefinition,
): (value: Value) => string {
  const search = compilePatterns(rule, column);
  return (value) => {
    const text = value as string;
    const findings = withoutOverlaps([
      ...search(text),
      ...detectEntities(text, { entities: rule.entities }),
    ]);
    return redact(text, findings);
  };
}

/** Replaces findings, which stand in the order of the text and do not overlap. */
export function redact(text: string, findings: readonly EntityFinding[]): string {
  let redacted = '';
  let at = 0;
  for (const { type, start, end } of findings) {
    redacted += `${text.slice(at, start)}[${type}]`;
    at = end;
  }
  return redacted + text.slice(at);
}

function compilePatterns(rule: DetectRedactRule, column: ColumnDefinition): PatternSearch {
  const patterns = (rule.patterns ?? []).map((pattern) => {
    try {
      const compiled = RE2JS.compile(pattern);
      if (!compiled.matcher('').matches()) return compiled;
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
    }
    const hint = 'Give one that matches something, without look-around or back-references.';
    throw misfit(column, 'a pattern is none of RE2, or matches nothing at all', hint);
  });
  return (text) => {
    const findings: EntityFinding[] = [];
    for (const pattern of patterns) {
      const matcher = pattern.matcher(text);
      while (matcher.find()) {
        const [start, end] = [matcher.start(), matcher.end()];
        if (end > start) findings.push({ type: 'CUSTOM', start, end, score: 1 });
      }
    }
    return findings;
  };
}
