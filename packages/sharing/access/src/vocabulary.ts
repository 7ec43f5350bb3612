/** Words that tokens and policies share: names, ids and texts, each with its bounds. */

import { z } from 'zod';

export const TABLES_COUNT_MAX = 64;
export const COLUMNS_COUNT_MAX = 256;

/** Names of the house's own tables begin so; they are never shared. */
const RESERVED_PREFIX = 'verity_';

export const columnName: z.ZodType<string> = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/);

export const tableName: z.ZodType<string> = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/)
  .refine((name) => !name.startsWith(RESERVED_PREFIX), 'reserved tables are not shared');

/** A purpose or a legal basis: `dpv:ScientificResearch`, `eu-gdpr:A6-1-a`. */
export const term: z.ZodType<string> = z.string().regex(/^[A-Za-z][A-Za-z0-9:._-]{0,99}$/);

export const policyName: z.ZodType<string> = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);

/** A name of a party: visible characters and spaces, 1 to 255. */
export const party: z.ZodType<string> = z
  .string()
  .min(1)
  .max(255)
  .regex(/^\P{C}+$/u);

export function isUnique(items: readonly string[]): boolean {
  return new Set(items).size === items.length;
}

/** A day, or a time of RFC 3339 in UTC. */
export const moment: z.ZodType<string> = z.union([z.iso.date(), z.iso.datetime()]);

export function isMoment(text: string): boolean {
  return moment.safeParse(text).success;
}
