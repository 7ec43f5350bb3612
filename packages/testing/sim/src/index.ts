/** Disk, clock, chance, network and order of events that obey a seed: for tests, never for what runs. */

export { SimClock } from './clock.ts';
export { SimDisk, SimDiskError, type SimDiskErrorCode, type SimDiskSnapshot } from './disk.ts';
export { NonceWatch } from './nonce-watch.ts';
export { drawBelow, drawBits, drawChance, drawExponential } from './draw.ts';
export { EventQueue } from './event-queue.ts';
export {
  type HistoryOperation,
  type HistoryValue,
  HistoryWriter,
  parseHistory,
} from './history.ts';
export { type Linearizability, checkLinearizable } from './linearizability.ts';
export { type SequentialModel, logModel, registerModel } from './models.ts';
export { type NetworkOptions, SimNetwork } from './network.ts';
export { SimRandom } from './random.ts';
export { shrinkList } from './shrink.ts';
export { Trace, type TraceLine } from './trace.ts';
