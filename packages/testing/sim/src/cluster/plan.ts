/**
 * What happens in a run, as data: the cluster, what clients ask, and what goes wrong when. A run is a
 * function of its plan, and a part of a plan is a plan, so that what fails can be made small.
 */

import { SimRandom } from '../random.ts';

export type Fault =
  /** The process ends, and starts again; `rot` bits of its disk turn over meanwhile. */
  | {
      readonly kind: 'crash';
      readonly atUs: number;
      readonly replica: number;
      readonly forUs: number;
      readonly rot: number;
    }
  /** The process stands still: a stalled machine. */
  | {
      readonly kind: 'pause';
      readonly atUs: number;
      readonly replica: number;
      readonly forUs: number;
    }
  /** The process ends at its next write: a disk that is full, or fails. */
  | {
      readonly kind: 'disk';
      readonly atUs: number;
      readonly replica: number;
      readonly forUs: number;
    }
  /** Links between the replicas in `side` (bits) and the others are cut. */
  | {
      readonly kind: 'partition';
      readonly atUs: number;
      readonly side: number;
      readonly direction: 'both' | 'into' | 'out-of';
      readonly forUs: number;
    }
  /** Nodes are clogged one after the other, and unclogged in another order. */
  | {
      readonly kind: 'swizzle';
      readonly atUs: number;
      readonly order: readonly number[];
      readonly stepUs: number;
    }
  /** A disk and the links of a replica are slow, but work: gray failure. */
  | {
      readonly kind: 'slow';
      readonly atUs: number;
      readonly replica: number;
      readonly forUs: number;
      readonly factor: number;
    }
  /** The wall clock of a replica jumps. */
  | {
      readonly kind: 'clock';
      readonly atUs: number;
      readonly replica: number;
      readonly stepUs: number;
    };

export type FaultKind = Fault['kind'];

/** One operation of a client on one of the logs that the simulated state machine keeps. */
export interface Request {
  readonly op: 'append' | 'get' | 'len' | 'scan';
  readonly key: string;
  readonly argument: number;
  /** How long the client waits before it sends this. */
  readonly afterUs: number;
}

export interface Plan {
  readonly seed: number;
  readonly replicaCount: number;
  /** Of each client, what it does. */
  readonly clients: readonly (readonly Request[])[];
  readonly delayMinUs: number;
  readonly delayMeanUs: number;
  readonly lossPermille: number;
  readonly duplicatePermille: number;
  readonly flipPermille: number;
  readonly writeMeanUs: number;
  readonly readMeanUs: number;
  /** Of a thousand writes that are under way in a crash, how many are lost or torn. */
  readonly tearPermille: number;
  /** How far a replica's wall clock is off. */
  readonly clockOffsetsUs: readonly number[];
  readonly faults: readonly Fault[];
  /** Replicas that must go on alone in the end, as bits. */
  readonly core: number;
  /** After that long faults end and the cluster must come to rest. */
  readonly safetyUs: number;
}

export type Profile = 'swarm' | 'lite' | 'calm' | 'network' | 'storage';

export const PROFILES: readonly Profile[] = ['swarm', 'lite', 'calm', 'network', 'storage'];

const SECOND = 1_000_000;

/**
 * The plan of a seed. Each kind of fault is first switched on or off, and then given a size: where all are
 * always on, they hide each other (Groce et al., "Swarm testing", ISSTA 2012).
 */
export function buildPlan(seed: number, profile: Profile = 'swarm'): Plan {
  const random = new SimRandom(seed);
  const isOn = (allowed: boolean): boolean => random.isOneIn(2) && allowed;
  const hasNetwork = profile === 'swarm' || profile === 'network';
  const hasStorage = profile === 'swarm' || profile === 'storage';
  const hasCrashes = profile !== 'calm' && profile !== 'network';
  const replicaCount = profile === 'lite' ? 3 : ([1, 3, 3, 3, 5, 6, 6][random.below(7)] as number);
  const clients = buildClients(random, profile === 'lite' ? 24 : 96);
  const safetyUs = (4 + random.below(8)) * SECOND;
  const isRotten = isOn(hasStorage) && replicaCount > 1;
  const rates = buildRates(random, { hasNetwork, hasStorage, hasCrashes });
  const kinds: Fault[] = [];
  const add = (allowed: boolean, most: number, build: (atUs: number) => Fault): void => {
    if (!isOn(allowed)) return;
    const count = 1 + random.below(most);
    for (let index = 0; index < count; index += 1) kinds.push(build(random.below(safetyUs)));
  };
  const replica = (): number => random.below(replicaCount);
  const forUs = (): number => 20_000 + random.below(random.isOneIn(3) ? 3 * SECOND : SECOND / 2);
  const rot = (): number => (isRotten && random.isOneIn(2) ? 1 + random.below(3) : 0);
  add(hasCrashes, profile === 'lite' ? 12 : 8, (atUs) => ({
    kind: 'crash',
    atUs,
    replica: replica(),
    forUs: forUs(),
    rot: rot(),
  }));
  add(hasCrashes, 4, (atUs) => ({ kind: 'pause', atUs, replica: replica(), forUs: forUs() }));
  add(hasStorage, 3, (atUs) => ({ kind: 'disk', atUs, replica: replica(), forUs: forUs() }));
  add(hasStorage, 3, (atUs) => ({
    kind: 'slow',
    atUs,
    replica: replica(),
    forUs: forUs(),
    factor: 2 + random.below(20),
  }));
  const partitionable = hasNetwork && replicaCount > 1;
  add(partitionable, 8, (atUs) => ({
    kind: 'partition',
    atUs,
    side: 1 + random.below(2 ** replicaCount - 2),
    direction: (['both', 'into', 'out-of'] as const)[random.below(3)] as 'both',
    forUs: forUs(),
  }));
  const order = Array.from({ length: replicaCount }, (_, index) => index);
  add(partitionable, 3, (atUs) => ({
    kind: 'swizzle',
    atUs,
    order: random.shuffle([...order]),
    stepUs: 10_000 + random.below(300_000),
  }));
  add(hasNetwork, 3, (atUs) => ({
    kind: 'clock',
    atUs,
    replica: replica(),
    stepUs: random.below(60) * SECOND - 30 * SECOND,
  }));
  const clockOffsetsUs = order.map(() =>
    isOn(hasNetwork) ? random.below(SECOND) - SECOND / 2 : 0,
  );
  const core = buildCore(random, replicaCount, isRotten);
  const faults = kinds.toSorted((a, b) => a.atUs - b.atUs);
  return { seed, replicaCount, clients, ...rates, clockOffsetsUs, faults, core, safetyUs };
}

interface Allowed {
  readonly hasNetwork: boolean;
  readonly hasStorage: boolean;
  readonly hasCrashes: boolean;
}

type Rates = Pick<
  Plan,
  | 'delayMinUs'
  | 'delayMeanUs'
  | 'lossPermille'
  | 'duplicatePermille'
  | 'flipPermille'
  | 'writeMeanUs'
  | 'readMeanUs'
  | 'tearPermille'
>;

function buildRates(random: SimRandom, { hasNetwork, hasStorage, hasCrashes }: Allowed): Rates {
  const isOn = (allowed: boolean): boolean => random.isOneIn(2) && allowed;
  return {
    delayMinUs: random.below(1500),
    delayMeanUs: 200 + random.below(isOn(hasNetwork) ? 30_000 : 2000),
    lossPermille: isOn(hasNetwork) ? random.below(150) : 0,
    duplicatePermille: isOn(hasNetwork) ? random.below(200) : 0,
    flipPermille: isOn(hasNetwork) ? random.below(10) : 0,
    writeMeanUs: 100 + random.below(isOn(hasStorage) ? 30_000 : 2000),
    readMeanUs: 100 + random.below(isOn(hasStorage) ? 10_000 : 1000),
    tearPermille: hasCrashes ? 800 + random.below(201) : 0,
  };
}

function buildClients(random: SimRandom, requests: number): readonly (readonly Request[])[] {
  const count = 1 + random.below(5);
  const each = Math.ceil(requests / count);
  const keys = 1 + random.below(3);
  const think = random.isOneIn(2) ? 20_000 : 150_000;
  return Array.from({ length: count }, () =>
    Array.from({ length: each }, () => {
      const kind = random.below(10);
      const op = kind < 5 ? 'append' : kind < 7 ? 'get' : kind < 9 ? 'len' : 'scan';
      const key = `k${random.below(keys)}`;
      return { op, key, argument: random.below(1000), afterUs: random.below(think) } as const;
    }),
  );
}

/** Everybody; or, where no disk was damaged, only as many as a view change takes. */
function buildCore(random: SimRandom, replicaCount: number, isRotten: boolean): number {
  const all = 2 ** replicaCount - 1;
  if (isRotten || replicaCount < 3 || random.isOneIn(2)) return all;
  const replication = Math.min(3, Math.ceil(replicaCount / 2));
  const size = Math.max(replicaCount - replication + 1, replication);
  const order = random.shuffle(Array.from({ length: replicaCount }, (_, index) => index));
  return order.slice(0, size).reduce((bits, replica) => bits | (1 << replica), 0);
}
