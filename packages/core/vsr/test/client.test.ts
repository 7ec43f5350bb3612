import { nativeCrypto } from '@veritydb/crypto/native';
import { codeOf } from '@veritydb/testkit';
import { describe, expect, it } from 'vitest';

import {
  Client,
  type HeaderFields,
  type Message,
  OPERATION_APPLY,
  OPERATION_REGISTER,
  type VsrConfig,
  bodySizeMax,
  buildMessage,
  parseConfig,
} from '../src/index.ts';

const config: VsrConfig = parseConfig({
  cluster: new Uint8Array(16).fill(3),
  replicaCount: 3,
  slotCount: 32,
  pipelineLength: 4,
  checkpointOps: 8,
  messageSizeMax: 4096,
  clientsMax: 4,
});

function begin() {
  const sent: { readonly to: number; readonly message: Message }[] = [];
  const replies: number[] = [];
  let evictions = 0;
  const client = new Client({
    crypto: nativeCrypto,
    config,
    clientId: 5,
    seed: 1,
    send: (to, message) => sent.push({ to, message }),
    onReply: (header) => replies.push(header.op),
    onEvicted: () => {
      evictions += 1;
    },
  });
  const last = (): Message => sent.at(-1)?.message as Message;
  const tell = (fields: Partial<HeaderFields>): void => {
    const about = { client: 5, subject: last().header.checksum };
    const all = { command: 'reply', replica: 1, view: 1, ...about, ...fields } as const;
    client.onMessage(buildMessage(nativeCrypto, config.cluster, all).bytes);
  };
  return { client, sent, replies, last, tell, evictions: () => evictions };
}

describe('a client', () => {
  it('registers, asks once at a time, and asks again until it is answered', () => {
    const { client, sent, replies, last, tell } = begin();
    client.request(new Uint8Array(3));
    expect(last().header).toMatchObject({ operation: OPERATION_REGISTER, request: 0 });
    tell({ operation: OPERATION_REGISTER, session: 7, op: 7 });
    expect(last().header).toMatchObject({ operation: OPERATION_APPLY, session: 7, request: 1 });
    // It heard of view 1, so of another primary.
    expect(sent.at(-1)?.to).toBe(1);
    const asked = sent.length;
    for (let tick = 0; tick < 500; tick += 1) client.tick();
    expect(sent.length).toBeGreaterThan(asked + 2);
    expect(new Set(sent.slice(asked).map(({ to }) => to)).size).toBeGreaterThan(1);
    expect(codeOf(() => client.request(new Uint8Array(1)))).toBe('ERR_ASSERTION');
    tell({ operation: OPERATION_APPLY, session: 7, op: 8, request: 1 });
    tell({ operation: OPERATION_APPLY, session: 7, op: 8, request: 1 });
    expect(replies).toEqual([8]);
    expect(client.isBusy).toBe(false);
  });

  it('begins anew when it is told that its session ended, and not by an old word of it', () => {
    const { client, last, tell, evictions } = begin();
    client.request(new Uint8Array(3));
    tell({ operation: OPERATION_REGISTER, session: 7, op: 7 });
    tell({ command: 'eviction', operation: 1, subject: new Uint8Array(32) });
    expect(evictions()).toBe(0);
    tell({ command: 'eviction', operation: 1 });
    expect(evictions()).toBe(1);
    client.request(new Uint8Array(3));
    expect(last().header.operation).toBe(OPERATION_REGISTER);
  });

  it('sends nothing that a replica could not hand on', () => {
    const { client } = begin();
    const size = bodySizeMax(config);
    expect(codeOf(() => client.request(new Uint8Array(size + 1)))).toBe('ERR_ASSERTION');
    client.request(new Uint8Array(size));
  });

  it('drops what is no message, or of another', () => {
    const { client, tell } = begin();
    client.request(new Uint8Array(3));
    client.onMessage(new Uint8Array(300));
    tell({ client: 6, operation: OPERATION_REGISTER, session: 7, op: 7 });
    expect(client.isBusy).toBe(true);
  });
});

it('the numbers of a cluster fit together, or are refused', () => {
  const wrong: readonly Partial<VsrConfig>[] = [
    { replicaCount: 7 },
    { slotCount: 24 },
    { slotCount: 16 },
    { pipelineLength: 25 },
    { messageSizeMax: 5000 },
    { clientsMax: 0 },
    { cluster: new Uint8Array(8) },
  ];
  for (const change of wrong) {
    expect(codeOf(() => parseConfig({ ...config, ...change }))).toBe('ERR_VSR_CONFIG');
  }
});
