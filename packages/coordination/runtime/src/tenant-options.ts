/** What a tenant is opened with: where it lies, and the ports to the world. */

import type { Crypto } from '@veritydb/crypto';
import type { Disk } from '@veritydb/log';
import type { TenantId } from '@veritydb/types';

import type { CheckpointPolicy } from './checkpoint-policy.ts';
import type { Clock } from './clock.ts';
import type { HistoryPolicy } from './history-policy.ts';
import type { MasterKeyProvider } from './master-key.ts';
import type { Random } from './random.ts';
import type { SyncPolicy } from './sync-policy.ts';
import type { Timer } from './timer.ts';

export interface TenantOptions {
  readonly tenant: TenantId;
  /** Name of the log in checkpoints (C2SP origin): a name without a scheme, such as `clinic.example/verity`. */
  readonly origin: string;
  readonly disk: Disk;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
  readonly masterKey: MasterKeyProvider;
  /** Every 1,000 records and on shutdown, unless told; null and false leave it to `Tenant.checkpoint`. */
  readonly checkpoints?: CheckpointPolicy;
  /** Which writes share a sync: unless told otherwise all that arrive together. */
  readonly sync?: SyncPolicy;
  readonly timer?: Timer;
  /** How far back AS OF answers: as far as the log goes, unless told. */
  readonly history?: HistoryPolicy;
}
