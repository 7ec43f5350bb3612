/** The members that requests share, at every door that takes JSON. */

import { z } from 'zod';

/** Longest statement that the query room reads: 8 KiB. */
const STATEMENT_LENGTH_MAX = 8192;
const PARAMETERS_MAX = 100;

export const statementShape: z.ZodString = z.string().min(1).max(STATEMENT_LENGTH_MAX);

export type Scalar = string | number | boolean | null;

/** One of the scalars: `anyOf` in JSON Schema, which more readers understand than a list of types. */
export const parametersShape: z.ZodType<Scalar[], Scalar[]> = z
  .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .max(PARAMETERS_MAX);

/** 16 bytes in lower-case hexadecimal. */
export const idShape: z.ZodString = z.string().regex(/^[0-9a-f]{32}$/);

/** An id that the house made: its shape is its maker's affair, its size is not. */
export const foreignIdShape: z.ZodString = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

export const offsetShape: z.ZodInt = z.int().min(0);

interface AuditQuery {
  readonly limit: number;
  readonly before?: number | undefined;
}

/** A whole number as a query string spells it. */
export const wholeNumber: z.ZodType<number, string> = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,14})$/)
  .transform(Number);

/** The page of the audit that a query string asks for. */
export const auditQuery: z.ZodObject & z.ZodType<AuditQuery> = z.strictObject({
  limit: wholeNumber.pipe(z.int().min(1).max(100)).default(20),
  before: wholeNumber.optional(),
});
