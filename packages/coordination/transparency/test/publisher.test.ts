import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type TlogPolicy,
  formatVerifierKey,
  parseTlogPolicy,
  parseVerifierKey,
  verifyUnderPolicy,
} from '@veritydb/merkle';
import { SimDisk } from '@veritydb/sim';
import { describe, expect, test } from 'vitest';

import { Publication, Publisher, type Submit, type SubmitAnswer, Witness } from '../src/index.ts';
import { LOG_KEY, TestLog } from './two-logs.ts';

const NAMES = ['w1', 'w2', 'w3'] as const;
type Name = (typeof NAMES)[number];

function newWitness(name: string, fill: number): Witness {
  const disk = new SimDisk();
  const seed = new Uint8Array(32).fill(fill);
  Witness.create(disk, nativeCrypto, { name: `witness.example/${name}`, seed });
  return Witness.open({ disk, crypto: nativeCrypto, logs: [LOG_KEY], nowSeconds: () => 1 });
}

/** Three witnesses behind a port that the test bends: by default each answers as it is. */
class Street {
  readonly witnesses: Readonly<Record<Name, Witness>> = {
    w1: newWitness('w1', 11),
    w2: newWitness('w2', 12),
    w3: newWitness('w3', 13),
  };
  readonly bent: Partial<Record<Name, (body: string) => Promise<SubmitAnswer>>> = {};
  readonly asked: string[] = [];

  readonly submit: Submit = async (url, body) => {
    const name = /^https:\/\/(w\d)\.example\/add-checkpoint$/.exec(url)?.[1] as Name;
    this.asked.push(name);
    return this.bent[name]?.(body) ?? this.witnesses[name].addCheckpoint(body);
  };

  policy(quorum: string): TlogPolicy {
    const lines = NAMES.map(
      (name) => `witness ${name} ${this.witnesses[name].verifierKey} https://${name}.example/\n`,
    );
    const text = `log ${LOG_KEY}\n${lines.join('')}group all ${quorum} w1 w2 w3\nquorum all\n`;
    return parseTlogPolicy(nativeCrypto, text);
  }
}

function setUp(size: number, quorum: string | null, street: Street = new Street()) {
  const log = new TestLog(size);
  const publication = Publication.open(new SimDisk(), log);
  const policy = quorum === null ? null : street.policy(quorum);
  const troubles: string[] = [];
  const publisher = new Publisher({
    publication,
    policy,
    submit: street.submit,
    onTrouble: (message) => troubles.push(message),
  });
  /** The quorum of what is published is checked by the verifier's own path. */
  const cosigners = (): readonly string[] => {
    if (policy === null || publication.newest === null) return [];
    const { cosigners: keys } = verifyUnderPolicy(nativeCrypto, publication.newest.note, policy);
    return keys.map(({ name }) => name.slice(-2));
  };
  return { log, publication, publisher, street, troubles, cosigners };
}

/** Lets everything that is under way come to an end. */
const settle = async () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('without a policy', () => {
  test('a first checkpoint is published at once, the next a second after a record', async () => {
    const { log, publication, publisher } = setUp(3, null);
    const at = async (ms: number) => {
      publisher.step(ms);
      await settle();
      return publication.newest?.size;
    };
    expect(await at(0)).toBe(3);
    log.grow(1);
    expect(await at(5000)).toBe(3);
    log.grow(1);
    expect(await at(5999)).toBe(3);
    expect(await at(6000)).toBe(5);
    expect(await at(60_000)).toBe(5);
    expect(publication.newest?.note).toBe(log.signedCheckpoint(5));
  });

  // S021, S204
  test('ten thousand records do not wait', async () => {
    const { log, publication, publisher } = setUp(1, null);
    publisher.step(0);
    await settle();
    log.grow(9999);
    publisher.step(1);
    await settle();
    expect(publication.newest?.size).toBe(1);
    log.grow(1);
    publisher.step(2);
    await settle();
    expect(publication.newest?.size).toBe(10_001);
  });

  test('on demand, whatever the clock says', async () => {
    const { log, publication, publisher } = setUp(1, null);
    log.grow(1);
    expect(await publisher.publish()).toBe(true);
    expect(publication.newest?.size).toBe(2);
  });
});

describe('with a quorum', () => {
  test('is published with the cosignatures, and grows from what each witness knows', async () => {
    const { log, publication, publisher, street, cosigners, troubles } = setUp(5, '2');
    for (const size of [5, 6, 300]) {
      log.grow(size - log.tree.size);
      expect(await publisher.publish()).toBe(true);
      await settle();
      expect([publication.newest?.size, cosigners()]).toEqual([size, [...NAMES]]);
    }
    // One request each: what a witness knows is remembered.
    expect(street.asked).toHaveLength(9);
    expect(troubles).toEqual([]);
  });

  test('a witness that knows more than is believed is asked again from there', async () => {
    const first = setUp(20, '3');
    await first.publisher.publish();
    // The server was started again: it knows nothing of its witnesses.
    const second = setUp(30, '3', first.street);
    expect(await second.publisher.publish()).toBe(true);
    expect(second.cosigners()).toEqual([...NAMES]);
    expect(first.street.asked).toHaveLength(3 + 6);
  });

  test('one that is down is told once, and does not stop the others', async () => {
    const { log, publisher, street, troubles, cosigners } = setUp(5, '2');
    street.bent.w2 = async () => Promise.reject(new Error('ECONNREFUSED'));
    await publisher.publish();
    log.grow(1);
    await publisher.publish();
    await settle();
    expect(cosigners()).toEqual(['w1', 'w3']);
    expect(troubles).toEqual(['witness w2: ECONNREFUSED']);
    delete street.bent.w2;
    log.grow(1);
    await publisher.publish();
    await settle();
    expect(cosigners()).toEqual([...NAMES]);
    expect(troubles.at(-1)).toBe('witness w2 cosigns again');
  });

  test('one that hangs holds up nobody, and its late cosignature is added', async () => {
    const { log, publication, publisher, street, cosigners } = setUp(5, '2');
    let release = (): void => {};
    street.bent.w1 = async (body) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return street.witnesses.w1.addCheckpoint(body);
    };
    expect(await publisher.publish()).toBe(true);
    expect(cosigners()).toEqual(['w2', 'w3']);
    const late = release;
    late();
    await settle();
    expect(cosigners()).toEqual([...NAMES]);
    // Later than a larger tree: too late, and nothing goes back.
    log.grow(1);
    await publisher.publish();
    const older = release;
    log.grow(1);
    expect(await publisher.publish()).toBe(true);
    older();
    await settle();
    expect([publication.newest?.size, cosigners()]).toEqual([7, ['w2', 'w3']]);
  });

  const lies: readonly [name: string, answer: (body: string) => SubmitAnswer][] = [
    ['500', () => ({ status: 500, body: '' })],
    ['a redirect', () => ({ status: 302, body: '' })],
    ['200 and nothing', () => ({ status: 200, body: '' })],
    ['200 and noise', () => ({ status: 200, body: 'x'.repeat(100_000) })],
    ['another witness’s cosignature', (body) => newWitness('w1', 99).addCheckpoint(body)],
    ['409 and no size', () => ({ status: 409, body: 'much' })],
    ['409 and a size beyond', () => ({ status: 409, body: '9007199254740991\n' })],
    ['409 and a size that is no safe integer', () => ({ status: 409, body: '9999999999999999\n' })],
    ['409 and what it was told', () => ({ status: 409, body: '0\n' })],
    [
      '409 and another size each time',
      (body) => ({
        status: 409,
        body: `${(Number(/^old (\d+)/.exec(body)?.[1]) + 1) % 5}\n`,
      }),
    ],
    [
      'a cosignature of another tree',
      () => {
        const other = new TestLog(5, 'fork', 1);
        return newWitness('w1', 11).addCheckpoint(other.request(0, 5));
      },
    ],
  ];

  test.each(lies)('a witness that lies (%s) is not counted', async (_name, answer) => {
    const { publication, publisher, street, troubles, cosigners } = setUp(5, '2');
    street.bent.w1 = async (body) => answer(body);
    expect(await publisher.publish()).toBe(true);
    await settle();
    expect([publication.newest?.size, cosigners()]).toEqual([5, ['w2', 'w3']]);
    expect(troubles).toHaveLength(1);
    expect(street.asked.filter((name) => name === 'w1').length).toBeLessThanOrEqual(3);
    // It lied once: it is asked as before.
    delete street.bent.w1;
    await publisher.publish();
    await settle();
    expect(cosigners()).toEqual([...NAMES]);
  });
});

describe('the same tree again', () => {
  test('never loses a cosignature that is published', async () => {
    const { publisher, publication, street, cosigners } = setUp(5, '2');
    await publisher.publish();
    await settle();
    expect(cosigners()).toEqual([...NAMES]);
    const { note } = publication.newest ?? {};
    for (const name of NAMES) street.bent[name] = async () => ({ status: 503, body: '' });
    expect(await publisher.publish()).toBe(true);
    expect(publication.newest?.note).toBe(note);
    delete street.bent.w1;
    delete street.bent.w2;
    expect(await publisher.publish()).toBe(true);
    expect(cosigners()).toEqual([...NAMES]);
    await settle();
    expect(cosigners()).toEqual([...NAMES]);
    // Nor does a publisher that was not there when they came.
    const policy = street.policy('2');
    const options = { publication, policy, submit: street.submit, onTrouble: () => {} };
    expect(await new Publisher(options).publish()).toBe(true);
    expect(cosigners()).toEqual([...NAMES]);
    expect(await new Publisher({ ...options, policy: null }).publish()).toBe(true);
    expect(cosigners()).toEqual([...NAMES]);
  });

  test('who asks while a round is under way waits for it, and is told the truth', async () => {
    const { publisher, street, cosigners } = setUp(5, '3');
    let release = (): void => {};
    street.bent.w1 = async (body) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return street.witnesses.w1.addCheckpoint(body);
    };
    const both = [publisher.publish(), publisher.publish()];
    await settle();
    delete street.bent.w1;
    release();
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(cosigners()).toEqual([...NAMES]);
  });
});

describe('without a quorum', () => {
  test('the older one stays; it is tried again, later each time, and with the newest tree', async () => {
    const { log, publication, publisher, street } = setUp(5, '2');
    await publisher.publish();
    await settle();
    street.asked.length = 0;
    for (const name of NAMES) street.bent[name] = async () => ({ status: 503, body: '' });
    log.grow(1);
    const rounds: number[] = [];
    for (let ms = 0; ms <= 130_000; ms += 100) {
      const before = street.asked.length;
      publisher.step(ms);
      await settle();
      if (street.asked.length > before) rounds.push(ms);
    }
    expect(publication.newest?.size).toBe(5);
    expect(rounds).toEqual([1000, 3000, 7000, 15_000, 31_000, 63_000, 123_000]);
    log.grow(1);
    for (const name of NAMES) delete street.bent[name];
    publisher.step(183_000);
    await settle();
    expect(publication.newest?.size).toBe(7);
  });

  test('nothing is published by a publisher that is closed', async () => {
    const { publication, publisher } = setUp(5, '2');
    publisher.close();
    expect(await publisher.publish()).toBe(false);
    publisher.step(0);
    await settle();
    expect(publication.newest).toBeNull();
  });
});

test('a policy that asks for more than what is published has makes it due', async () => {
  const street = new Street();
  const log = new TestLog(5);
  const publication = Publication.open(new SimDisk(), log);
  publication.replace(log.signedCheckpoint(5));
  const options = { publication, submit: street.submit, onTrouble: () => {} };
  const publisher = new Publisher({ ...options, policy: street.policy('all') });
  publisher.step(0);
  publisher.step(1000);
  await settle();
  expect(street.asked).toHaveLength(3);
  const { name } = parseVerifierKey(nativeCrypto, street.witnesses.w1.verifierKey);
  expect(publication.newest?.note).toContain(name);
  // And a publisher under the same policy finds nothing to do.
  const next = new Publisher({ ...options, policy: street.policy('all') });
  next.step(0);
  next.step(1000);
  await settle();
  expect(street.asked).toHaveLength(3);
});

// Who signs the log cannot witness it by the same signature.
test('the signature of the log is no cosignature, be its key a witness’s too', async () => {
  const log = new TestLog(5);
  const key = formatVerifierKey(nativeCrypto, 'w.example', log.publicKey, 'cosignature');
  const policy = parseTlogPolicy(nativeCrypto, `witness w ${key} https://w.example/\nquorum w\n`);
  const publication = Publication.open(new SimDisk(), log);
  publication.replace(log.signedCheckpoint(5));
  const asked: string[] = [];
  const submit = async (url: string) => {
    asked.push(url);
    return { status: 503, body: '' };
  };
  const publisher = new Publisher({ publication, policy, submit, onTrouble: () => {} });
  publisher.step(0);
  publisher.step(1000);
  await settle();
  expect(asked).toHaveLength(1);
});

test('a disk that fails keeps the older one, and the publisher goes on', async () => {
  const disk = new SimDisk();
  const log = new TestLog(5);
  const publication = Publication.open(disk, log);
  const troubles: string[] = [];
  const publisher = new Publisher({
    publication,
    policy: null,
    submit: async () => Promise.reject(new Error('not asked')),
    onTrouble: (message) => troubles.push(message),
  });
  await publisher.publish();
  log.grow(1);
  disk.failAfter(1);
  expect(await publisher.publish()).toBe(false);
  expect([publication.newest?.size, troubles.length]).toEqual([5, 1]);
  disk.repair();
  expect(await publisher.publish()).toBe(true);
  expect(publication.newest?.size).toBe(6);
});
