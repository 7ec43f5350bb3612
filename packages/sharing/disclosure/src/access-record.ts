/**
 * Record before reveal: an intent is durable before anything is read, an outcome before anything
 * leaves. A refusal is an outcome too. Records hold no value, no literal and no token.
 */

import { type AccessIntent, type AccessOutcome, type Command, KernelError } from '@veritydb/kernel';
import type { CommitResult, Tenant } from '@veritydb/runtime';
import { VerityError, bytesToHex } from '@veritydb/types';

import type { Action, Receipt } from './gateway.ts';
import type { Asker } from './session.ts';

/** How often an answer may be overtaken before it is refused. */
const ROUNDS_MAX = 5;

/** Longest text kept of what a client says of itself. */
const CLIENT_LENGTH_MAX = 200;

/** What an answer says of itself in its outcome; the rest is nothing by default. */
export type OutcomeDetail = Partial<Omit<AccessOutcome, 'accessId' | 'decision' | 'code'>>;

export interface Access {
  readonly accessId: string;
  /**
   * Ends the access as allowed, by its outcome alone or by a command that holds more. Returns when that
   * is durable: only then may the answer leave.
   */
  allow(detail: OutcomeDetail, toCommand?: (outcome: AccessOutcome) => Command): Promise<Receipt>;
}

const outcomeOnly = (outcome: AccessOutcome): Command => ({ kind: 'record-outcome', outcome });

/**
 * Runs `reveal` between intent and outcome. Whatever it throws is recorded as the outcome, by its
 * stable code, and thrown on.
 */
export async function recordAccess<Answer>(
  tenant: Tenant,
  asker: Asker,
  action: Action | 'authenticate' | 'download' | 'exchange',
  reveal: (access: Access) => Promise<Answer>,
): Promise<Answer> {
  const accessId = bytesToHex(tenant.random.bytes(16));
  const spent = await recordIntent(tenant, {
    accessId,
    recipient: asker.recipient,
    tokenId: asker.tokenId,
    purpose: asker.purpose,
    action,
    transport: asker.caller.transport,
    client: cleanClient(asker.caller.client),
    spendsQuery: action === 'query' && isQueryCounted(asker),
  });
  let settled = false;
  const access: Access = {
    accessId,
    async allow(detail, toCommand = outcomeOnly) {
      const outcome = toOutcome(accessId, 'allowed', null, detail);
      const committed = await tenant.submit(toCommand(outcome));
      settled = true;
      return toReceipt(accessId, committed);
    },
  };
  try {
    if (spent !== null) throw spent;
    for (let round = 1; ; round += 1) {
      try {
        return await reveal(access);
      } catch (error) {
        // A consent or a statistic came between: what was decided is decided again.
        if (!isOvertaken(error) || round === ROUNDS_MAX) throw error;
      }
    }
  } catch (error) {
    if (!settled) await tenant.submit(refusal(accessId, error));
    throw error;
  }
}

/** Records an intent; the refusal where its token has no question left, once that is on record as well. */
async function recordIntent(tenant: Tenant, intent: AccessIntent): Promise<KernelError | null> {
  try {
    await tenant.submit({ kind: 'record-intent', intent });
    return null;
  } catch (error) {
    if (!intent.spendsQuery || !(error instanceof KernelError) || error.kind !== 'denied') {
      throw error;
    }
    await tenant.submit({ kind: 'record-intent', intent: { ...intent, spendsQuery: false } });
    return error;
  }
}

function isQueryCounted({ authority }: Asker): boolean {
  return authority.kind === 'token' && authority.grant.queriesMax !== null;
}

function isOvertaken(error: unknown): boolean {
  return error instanceof KernelError && error.code === 'ERR_KERNEL_ANSWER_MOVED';
}

function refusal(accessId: string, error: unknown): Command {
  const coded: VerityError | undefined = error instanceof VerityError ? error : undefined;
  const denied = coded !== undefined && coded.kind !== 'assertion' && coded.kind !== 'unavailable';
  return {
    kind: 'record-outcome',
    outcome: toOutcome(accessId, denied ? 'denied' : 'failed', coded?.code ?? 'ERR_INTERNAL', {}),
  };
}

function toOutcome(
  accessId: string,
  decision: AccessOutcome['decision'],
  code: string | null,
  detail: OutcomeDetail,
): AccessOutcome {
  return {
    accessId,
    decision,
    code,
    table: null,
    columns: [],
    rows: null,
    fingerprint: null,
    policy: null,
    policyVersion: null,
    position: null,
    resultMac: null,
    consent: null,
    subjects: null,
    members: null,
    charge: null,
    noise: null,
    ...detail,
  };
}

export function toReceipt(accessId: string, committed: CommitResult): Receipt {
  return { id: accessId, offset: committed.offset, chainHash: bytesToHex(committed.chainHash) };
}

/** Attacker-controlled: what a client calls itself is kept short, printable and well-formed. */
function cleanClient(client: string | null): string | null {
  if (client === null) return null;
  return client.replaceAll(/[^\u0020-\u007e]/g, '?').slice(0, CLIENT_LENGTH_MAX);
}
