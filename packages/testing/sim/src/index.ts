/** Disk, clock and chance that obey a seed: for tests, never for anything that runs. */

export { SimClock } from './clock.ts';
export { SimDisk, SimDiskError, type SimDiskErrorCode, type SimDiskSnapshot } from './disk.ts';
export { NonceWatch } from './nonce-watch.ts';
export { SimRandom } from './random.ts';
