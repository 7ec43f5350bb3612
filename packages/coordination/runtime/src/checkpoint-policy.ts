/**
 * When a tenant's log gets checkpoint records. Whatever the policy, a log begins with one, and one is
 * written whenever it is asked for.
 */

export interface CheckpointPolicy {
  /** Records after which there is one, or null: as many as come. */
  readonly everyRecords: number | null;
  /** Whether there is one when the tenant is closed after something was written. */
  readonly onShutdown: boolean;
}

export const CHECKPOINTS_DEFAULT: CheckpointPolicy = { everyRecords: 1000, onShutdown: true };
