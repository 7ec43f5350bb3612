/** What transforms are handed in, and what they give. */

import type { Crypto } from '@veritydb/crypto';
import type { ColumnDefinition, TenantId, Value } from '@veritydb/types';

import type { FieldProof } from './catalogue.ts';

export interface TransformContext {
  readonly crypto: Crypto;
  readonly tenant: TenantId;
  readonly table: string;
  /** Who may join what: the pseudonymisation domain. */
  readonly domain: string;
  /** The day at which ages are counted, in days since 1970-01-01. */
  readonly asOfDate: number;
  /** 32 bytes, of this tenant. */
  readonly tokenKey: Uint8Array;
  /** The column that names the data subject, null where the table declares none. */
  readonly subject: ColumnDefinition | null;
  /**
   * 32 bytes that no other disclosure has, and that the same disclosure has when it is made again. Asked
   * for only where a column is encrypted.
   */
  readonly seed: () => Uint8Array;
  /** The vault's code for a value, by the MAC that stands for it; undefined where none was minted. */
  readonly lookupSurrogate: (domain: string, sourceMac: Uint8Array) => string | undefined;
}

/** A code that the vault lacks: mint it durably, then run the transform again. */
export interface MissingSurrogate {
  readonly domain: string;
  /** 32 bytes; tells nothing about the value to who lacks the key. */
  readonly sourceMac: Uint8Array;
}

/** What the transforms of one row share and leave behind. */
export interface RowContext {
  readonly missing: MissingSurrogate[];
  /** The row's data subject; undefined where the table declares none. */
  readonly subject?: Value | undefined;
}

export interface TransformedValue {
  readonly value: Value;
  readonly proof: FieldProof;
}

/** The transform of one value that is there. */
export type Step = (value: NonNullable<Value>, row: RowContext) => TransformedValue;
