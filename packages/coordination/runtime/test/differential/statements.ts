/**
 * Random tables, writes and queries that SQLite and this dialect read in one way: order of NULLs is said,
 * divisors are constants, results stay in range, and rows that are cut off by LIMIT are ordered by the key.
 */

import { SimRandom } from '@veritydb/sim';

type Kind = 'number' | 'text' | 'condition';

const WORDS = ["''", "'a'", "'B'", "'b%'", "'aé'", "'a_b'", "'😀'", "'zz'"];

export class Statements {
  readonly #random: SimRandom;
  #numbers: readonly string[] = ['a', 'b', 'k'];
  #texts: readonly string[] = ['s', 'u'];
  /** Columns that were added and not dropped, in their order. */
  #added: readonly { readonly name: string; readonly kind: Kind }[] = [];
  #alters = 0;
  #nextKey = 0;
  #indexes = 0;

  constructor(seed: number) {
    this.#random = new SimRandom(seed);
  }

  #below(limit: number): number {
    return this.#random.below(limit);
  }

  #chance(percent: number): boolean {
    return this.#below(100) < percent;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)] as Item;
  }

  #some(least: number, most: number, make: () => string): readonly string[] {
    return Array.from({ length: least + this.#below(most - least + 1) }, make);
  }

  /** The table, and indexes on it. */
  schema(): readonly string[] {
    const parts = [
      'k INTEGER PRIMARY KEY',
      `a INTEGER${this.#chance(30) ? ' DEFAULT 7' : ''}${this.#chance(30) ? ' CHECK (a < 40)' : ''}`,
      'b INTEGER',
      `s TEXT${this.#chance(30) ? " DEFAULT 'dd'" : ''}`,
      'u TEXT',
      'f BOOLEAN',
      ...(this.#chance(40) ? ['UNIQUE (u, b)'] : []),
      ...(this.#chance(30) ? ['CHECK (s IS NULL OR a IS NULL OR b <> 3)'] : []),
    ];
    return [`CREATE TABLE t (${parts.join(', ')})`, ...this.#some(0, 3, () => this.index())];
  }

  index(): string {
    this.#indexes += 1;
    const columns = new Set(
      this.#some(1, 3, () => this.#pick([...this.#numbers, ...this.#texts, 'f'])),
    );
    const named = [...columns].map((column) => `${column}${this.#pick(['', ' ASC', ' DESC'])}`);
    return `CREATE INDEX i${this.#indexes} ON t (${named.join(', ')})`;
  }

  dropIndex(): string | undefined {
    return this.#indexes === 0 ? undefined : `DROP INDEX i${1 + this.#below(this.#indexes)}`;
  }

  /** A column more, or one less of those that were added: refused where an index has it. */
  alter(): string {
    this.#alters += 1;
    if (this.#added.length > 0 && this.#chance(40)) {
      const { name } = this.#pick(this.#added);
      return `ALTER TABLE t DROP COLUMN ${name}`;
    }
    const name = `x${this.#alters}`;
    const kind = this.#pick(['number', 'text'] as const);
    const type = kind === 'number' ? 'INTEGER' : 'TEXT';
    const fallback = this.#chance(60) ? ` DEFAULT ${this.#constant(kind)}` : '';
    return `ALTER TABLE t ADD COLUMN ${name} ${type}${fallback}`;
  }

  /** Takes note of an ALTER that was not refused. */
  altered(sql: string): void {
    const [, , , what, , name = '', type] = sql.split(' ');
    const others = this.#added.filter((column) => column.name !== name);
    const kind = type === 'INTEGER' ? 'number' : 'text';
    this.#added = what === 'ADD' ? [...others, { name, kind }] : others;
    const named = (each: Kind): readonly string[] =>
      this.#added.filter((column) => column.kind === each).map((column) => column.name);
    this.#numbers = ['a', 'b', 'k', ...named('number')];
    this.#texts = ['s', 'u', ...named('text')];
  }

  #constant(kind: Kind): string {
    if (this.#chance(12)) return 'NULL';
    if (kind === 'number') return String(this.#below(50) - 8);
    return kind === 'text' ? this.#pick(WORDS) : this.#pick(['TRUE', 'FALSE']);
  }

  #row(key: number): string {
    const values = [this.#constant('number'), this.#constant('number'), this.#constant('text')];
    const added = this.#added.map(({ kind }) => this.#constant(kind));
    const last = [this.#constant('text'), this.#constant('condition'), ...added];
    return `(${[key, ...values, ...last].join(', ')})`;
  }

  /** One that writes: about as many are refused as not. */
  write(): string {
    const choice = this.#below(10);
    if (choice < 5) return this.#insert();
    if (choice < 8) return this.#update();
    return `DELETE FROM t WHERE ${this.condition(2)} AND k % 3 = ${this.#below(3)}`;
  }

  #insert(): string {
    const rows = this.#some(1, 6, () => {
      if (this.#nextKey > 0 && this.#chance(15)) return this.#row(this.#below(this.#nextKey));
      this.#nextKey += 1;
      return this.#row(this.#nextKey);
    });
    // One row a statement where rows are changed: SQLite would change one twice.
    const [only = ''] = rows;
    if (this.#chance(20))
      return `INSERT INTO t (u, k) VALUES (${this.#constant('text')}, ${this.#nextKey++})`;
    if (this.#chance(25)) {
      const assigned = `a = excluded.a, b = t.b + 1, s = ${this.#constant('text')}`;
      return `INSERT INTO t VALUES ${only} ON CONFLICT (k) DO UPDATE SET ${assigned} WHERE ${this.#pick(['t.a > 3', 'excluded.b IS NULL', 'TRUE'])}`;
    }
    const conflict = this.#pick(['', ' ON CONFLICT DO NOTHING', ' ON CONFLICT (k) DO NOTHING']);
    return `INSERT INTO t VALUES ${rows.join(', ')}${conflict}`;
  }

  #update(): string {
    const values = {
      a: this.number(2),
      b: this.number(1),
      s: this.text(1),
      f: this.condition(1),
      u: this.#constant('text'),
      ...Object.fromEntries(this.#added.map(({ kind, name }) => [name, this.#constant(kind)])),
    };
    const columns = [...new Set(this.#some(1, 3, () => this.#pick(Object.keys(values))))];
    const assigned = columns.map(
      (column) => `${column} = ${values[column as keyof typeof values]}`,
    );
    if (this.#chance(15)) {
      const [from, to] = [this.#below(this.#nextKey + 1), this.#below(this.#nextKey + 4)];
      const more = this.#chance(50) ? `, u = ${this.#constant('text')}` : '';
      return `UPDATE t SET k = ${this.#pick([String(to), 'k + 1', 'k', 'NULL'])}${more} WHERE k = ${from}`;
    }
    // SQLite looks at UNIQUE after each row, not at the end of the statement: one row, or other columns.
    const single = `k = ${this.#below(this.#nextKey + 1)}`;
    const many = columns.some((column) => column === 'u' || column === 'b')
      ? single
      : this.condition(2);
    return `UPDATE t SET ${assigned.join(', ')} WHERE ${many}`;
  }

  number(depth: number): string {
    if (depth === 0 || this.#chance(25)) {
      // A bare NULL is of no type, and is refused where a number is summed up.
      const constant = this.#constant('number').replace('NULL', '(NULL + 0)');
      return this.#chance(70) ? this.#pick(this.#numbers) : constant;
    }
    const one = this.number(depth - 1);
    switch (this.#below(8)) {
      case 0:
        return `${one} ${this.#pick(['/', '%'])} ${this.#pick(['3', '7', '-2'])}`;
      case 1:
        return `-(${one})`;
      case 2:
        return `ABS(${one})`;
      case 3:
        return `COALESCE(${one}, ${this.number(depth - 1)})`;
      case 4:
        return `NULLIF(${one}, ${this.number(0)})`;
      case 5:
        return `CASE WHEN ${this.condition(depth - 1)} THEN ${one}${this.#chance(50) ? ` ELSE ${this.number(0)}` : ''} END`;
      default:
        return `(${one} ${this.#pick(['+', '-', '*'])} ${this.number(0)})`;
    }
  }

  text(depth: number): string {
    if (depth === 0 || this.#chance(60)) {
      return this.#chance(75) ? this.#pick(this.#texts) : this.#constant('text');
    }
    const one = this.text(depth - 1);
    return this.#pick([
      `COALESCE(${one}, 'none')`,
      `NULLIF(${one}, 'a')`,
      `CASE ${this.number(0)} WHEN 1 THEN ${one} ELSE 'else' END`,
    ]);
  }

  condition(depth: number): string {
    if (depth > 0 && this.#chance(50)) {
      const one = this.condition(depth - 1);
      const two = this.condition(depth - 1);
      return this.#pick([
        `(${one} AND ${two})`,
        `(${one} OR ${two})`,
        `NOT (${one})`,
        `${one} AND ${two}`,
      ]);
    }
    const not = this.#pick(['', '', 'NOT ']);
    const compare = this.#pick(['=', '<>', '<', '<=', '>', '>=']);
    switch (this.#below(9)) {
      case 0:
        return this.#pick([
          'f',
          'NOT f',
          'f IS NULL',
          'f = TRUE',
          'f IS NOT NULL',
          'f IS TRUE',
          'f IS NOT FALSE',
          `(${this.#pick(this.#numbers)} > 3) IS NOT TRUE`,
          `${this.#pick(this.#numbers)} IS ${not}DISTINCT FROM ${this.number(0)}`,
          `${this.#pick(this.#texts)} IS ${not}DISTINCT FROM ${this.text(0)}`,
        ]);
      case 1:
        return `${this.#pick([...this.#numbers, ...this.#texts])} IS ${not}NULL`;
      case 2:
        return `${this.number(1)} ${not}BETWEEN ${this.#constant('number')} AND ${this.number(0)}`;
      case 3:
        return `${this.#pick(this.#numbers)} ${not}IN (${this.#some(1, 4, () => this.#constant('number')).join(', ')})`;
      case 4:
        return `${this.#pick(this.#texts)} ${not}IN (${this.#some(1, 3, () => this.#constant('text')).join(', ')})`;
      case 5:
        return `${this.#pick(this.#texts)} ${not}LIKE ${this.#pick(["'a%'", "'%b%'", "'_'", "'a_b'", "'%😀'", "''"])}`;
      case 6:
        return `${this.#pick(this.#texts)} ${compare} ${this.text(1)}`;
      case 7:
        return `${this.#pick(this.#numbers)} ${compare} ${this.#constant('number')}`;
      default:
        return `${this.number(1)} ${compare} ${this.number(1)}`;
    }
  }

  /** A query, and whether the order of its answer is said. */
  query(where: string): { readonly sql: string; readonly isOrdered: boolean } {
    return this.#chance(35) ? this.#grouped(where) : this.#plain(where);
  }

  #plain(where: string): { readonly sql: string; readonly isOrdered: boolean } {
    const items = this.#some(1, 3, () =>
      this.#pick([this.number(2), this.text(2), this.condition(1)]),
    );
    if (this.#chance(20)) {
      return { sql: `SELECT DISTINCT ${items.join(', ')} FROM t WHERE ${where}`, isOrdered: false };
    }
    const head = `SELECT ${this.#pick(['*', items.join(', ')])} FROM t WHERE ${where}`;
    if (this.#chance(40)) return { sql: head, isOrdered: false };
    // A bare name would be that of an item first, and PostgreSQL calls a CASE by the column of its ELSE.
    const orders = this.#some(0, 2, () => {
      const by = this.#pick([this.number(1), this.text(1)]);
      return `${/^[a-z]\d?$/.test(by) ? `t.${by}` : by}${this.#direction()}`;
    });
    const limit = this.#pick(['', ' LIMIT 3', ' LIMIT 5 OFFSET 2', ' LIMIT 0']);
    // A constant in ORDER BY is refused, and a number would be a place.
    const named = orders.filter(
      (order) => /[a-z]/.test(order) && !/^(?:NULL|'|-?[0-9])/.test(order),
    );
    return {
      sql: `${head} ORDER BY ${[...named, this.#pick(['t.k', 't.k', 't.k DESC'])].join(', ')}${limit}`,
      isOrdered: true,
    };
  }

  #direction(): string {
    return `${this.#pick(['', ' ASC', ' DESC'])} NULLS ${this.#pick(['FIRST', 'LAST'])}`;
  }

  #grouped(where: string): { readonly sql: string; readonly isOrdered: boolean } {
    const keys = [
      ...new Set(this.#some(0, 2, () => this.#pick(['a', 's', 'f', 'a % 3', 'b > 5', 'u']))),
    ];
    const aggregates = this.#some(1, 3, () => this.#aggregate());
    const having = this.#chance(35)
      ? ` HAVING ${this.#aggregate()} ${this.#pick(['>', '<=', '<>'])} ${this.#below(20)}`
      : '';
    const group = keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`;
    const order = keys.map((key) => `${key}${this.#direction()}`).join(', ');
    const isOrdered = keys.length > 0 && this.#chance(50);
    return {
      sql: `SELECT ${[...keys, ...aggregates].join(', ')} FROM t WHERE ${where}${group}${having}${isOrdered ? ` ORDER BY ${order} LIMIT 4` : ''}`,
      isOrdered,
    };
  }

  /** A number of many rows. */
  #aggregate(): string {
    const distinct = this.#pick(['', '', 'DISTINCT ']);
    return this.#pick([
      'COUNT(*)',
      `COUNT(${distinct}${this.#pick(['a', 's', 'f', this.number(1)])})`,
      `SUM(${distinct}${this.number(1)})`,
      `AVG(${distinct}${this.number(0)})`,
      `MIN(${this.number(1)})`,
      `MAX(${this.number(1)}) + 1`,
      'COUNT(*) - COUNT(a)',
    ]);
  }
}
