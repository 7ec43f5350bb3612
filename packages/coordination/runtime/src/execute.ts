/**
 * Statement + schema → command. No SQL text is left in a command, and no row is read here but to change
 * it: what reveals rows is the caller's business.
 */

import { type Command, type RowWrite, KernelError, type StoredRow } from '@veritydb/kernel';
import {
  type Plan,
  type BoundExpression,
  type Statement,
  bindDelete,
  bindInsert,
  bindUpdate,
  compileAssignments,
  compilePredicate,
  type ParameterValue,
  planAccess,
  unknownTable,
} from '@veritydb/query';
import type { IdempotencyId, TableSchema } from '@veritydb/types';

import type { CommitResult } from './commit.ts';
import { RuntimeError } from './error.ts';
import type { Snapshot, Tenant } from './tenant.ts';
