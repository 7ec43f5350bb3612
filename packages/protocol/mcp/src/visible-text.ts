/**
 * What a model may be shown of a foreign text: no control, bidirectional, zero-width or tag character
 * (Unicode 16 categories Cc, Cf, Zl, Zp; variation selectors; the blocks U+E0000–U+E0FFF; blank
 * letters). Such characters carry instructions that people do not see. Line feed and tab stay.
 */

import type { JsonValue } from '@veritydb/types';

const INVISIBLE =
  /(?![\n\t])(?:[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Variation_Selector}\u{E0000}-\u{E0FFF}]|\u034F|\u115F|\u1160|\u17B4|\u17B5|\u3164|\uFFA0)/gu;

export function visibleText(text: string): string {
  return text.replaceAll(INVISIBLE, '');
}

/** Every text of a value, members' names too, cleaned. */
export function visibleJson(value: JsonValue): JsonValue {
  if (typeof value === 'string') return visibleText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(visibleJson);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [visibleText(name), visibleJson(member)]),
  );
}
