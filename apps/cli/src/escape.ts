/**
 * Text that is safe to show on a terminal.
 *
 * Attacker-controlled: rows, names and messages may hold escape sequences that repaint the screen, and
 * bidirectional or invisible characters that make a line read as another. All of them are spelled out.
 */

/** Controls (Cc), format characters (Cf: bidirectional, zero-width, tags), lone surrogates, separators. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line of text with everything invisible spelled out as `\n`, `\t` or `\u{1b}`. */
export function escapeControls(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => SHORT[character] ?? `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
}

/** JSON text, indented, in which the same characters are written as `\uXXXX`: equal JSON, safe to show. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => line.replace(UNSAFE, escapeUnits))
    .join('\n');
}

function escapeUnits(character: string): string {
  let escaped = '';
  for (let index = 0; index < character.length; index += 1) {
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}
