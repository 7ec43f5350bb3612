/**
 * CSV to rows, by RFC 4180 §2, strictly.
 *
 * What the RFC leaves open is closed: a line ends with CRLF or LF; every row has as many fields as the
 * first; a quote stands only where a field begins or doubled within a quoted one; spaces belong to the
 * field. Text comes in chunks of any size and rows go out as they are complete: the same rows, however
 * the text was cut.
 *
 * Attacker-controlled: every character. Fields and columns are bounded before they are kept.
 */

import { unreachable } from '@veritydb/types';

import { CliError } from '../error.ts';

/** UTF-16 units of one field: above any note, below what hurts. */
export const FIELD_LENGTH_MAX = 1_048_576;
export const FIELDS_COUNT_MAX = 256;

export interface CsvRow {
  /** Line on which the row begins, counted from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

type State = 'field-start' | 'plain' | 'quoted' | 'quote-in-quoted' | 'carriage-return';

const QUOTE = 0x22;
const COMMA = 0x2c;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

export class CsvReader {
  /** Name of the file, for messages. */
  readonly #name: string;
  #state: State = 'field-start';
  #field = '';
  #fields: string[] = [];
  #rows: CsvRow[] = [];
  #width: number | null = null;
  #line = 1;
  #rowLine = 1;

  constructor(name: string) {
    this.#name = name;
  }

  /** The line that is being read. */
  get line(): number {
    return this.#line;
  }

  /**
   * Reads on; returns the rows that are now complete.
   *
   * @throws {CliError} ERR_CLI_CSV
   */
  push(text: string): readonly CsvRow[] {
    let at = 0;
    while (at < text.length) at = this.#step(text, at);
    return this.#take();
  }

  /**
   * Ends the text; returns the last row where no line end followed it.
   *
   * @throws {CliError} ERR_CLI_CSV
   */
  finish(): readonly CsvRow[] {
    if (this.#state === 'quoted') {
      throw this.#refused(this.#rowLine, 'a quoted field is not closed before the end of the file');
    }
    if (this.#state === 'carriage-return') throw this.#loneCarriageReturn();
    if (this.#state !== 'field-start' || this.#fields.length > 0) this.#endRow();
    return this.#take();
  }

  /** Consumes at least one unit and returns the place after it. */
  #step(text: string, at: number): number {
    switch (this.#state) {
      case 'field-start':
        if (text.charCodeAt(at) !== QUOTE) return this.#plain(text, at);
        this.#state = 'quoted';
        return at + 1;
      case 'plain':
        return this.#plain(text, at);
      case 'quoted':
        return this.#quoted(text, at);
      case 'quote-in-quoted':
        return this.#afterQuote(text, at);
      case 'carriage-return':
        if (text.charCodeAt(at) !== LINE_FEED) throw this.#loneCarriageReturn();
        this.#endLine();
        return at + 1;
      default:
        return unreachable(this.#state);
    }
  }

  #plain(text: string, start: number): number {
    for (let at = start; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit === QUOTE) {
        throw this.#refused(this.#line, 'a quote stands inside a field that is not quoted');
      }
      if (unit === COMMA || unit === LINE_FEED || unit === CARRIAGE_RETURN) {
        this.#append(text.slice(start, at));
        this.#separate(unit);
        return at + 1;
      }
    }
    this.#append(text.slice(start));
    this.#state = 'plain';
    return text.length;
  }

  #quoted(text: string, start: number): number {
    const quote = text.indexOf('"', start);
    const end = quote === -1 ? text.length : quote;
    for (let at = start; at < end; at += 1) {
      if (text.charCodeAt(at) === LINE_FEED) this.#line += 1;
    }
    this.#append(text.slice(start, end));
    if (quote === -1) return end;
    this.#state = 'quote-in-quoted';
    return end + 1;
  }

  #afterQuote(text: string, at: number): number {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      this.#append('"');
      this.#state = 'quoted';
    } else if (unit === COMMA || unit === LINE_FEED || unit === CARRIAGE_RETURN) {
      this.#separate(unit);
    } else {
      throw this.#refused(this.#line, 'something follows the closing quote of a field');
    }
    return at + 1;
  }

  #separate(unit: number): void {
    if (unit === COMMA) {
      this.#endField();
      this.#state = 'field-start';
    } else if (unit === CARRIAGE_RETURN) {
      this.#state = 'carriage-return';
    } else {
      this.#endLine();
    }
  }

  #append(text: string): void {
    if (this.#field.length + text.length > FIELD_LENGTH_MAX) {
      throw this.#refused(this.#line, `a field is longer than ${FIELD_LENGTH_MAX} characters`);
    }
    this.#field += text;
  }

  #endField(): void {
    this.#fields.push(this.#field);
    this.#field = '';
    if (this.#fields.length > FIELDS_COUNT_MAX) {
      throw this.#refused(this.#rowLine, `a row has more than ${FIELDS_COUNT_MAX} fields`);
    }
  }

  #endLine(): void {
    this.#endRow();
    this.#line += 1;
    this.#rowLine = this.#line;
  }

  #endRow(): void {
    this.#endField();
    const count = this.#fields.length;
    this.#width ??= count;
    if (count !== this.#width) {
      throw this.#refused(this.#rowLine, `the row has ${count} fields, the first ${this.#width}`);
    }
    this.#rows.push({ line: this.#rowLine, fields: this.#fields });
    this.#fields = [];
    this.#state = 'field-start';
  }

  #take(): readonly CsvRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  #loneCarriageReturn(): CliError {
    return this.#refused(this.#line, 'a carriage return is not followed by a line feed');
  }

  #refused(line: number, what: string): CliError {
    return new CliError('format', 'ERR_CLI_CSV', `${this.#name}:${line}: ${what}`, {
      hint: 'Files are read by RFC 4180: commas, double quotes, CRLF or LF, UTF-8.',
    });
  }
}
