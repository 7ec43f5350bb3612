/**
 * A witness (C2SP tlog-witness) in a folder: its key, and for each log the checkpoint that it cosigned
 * last, as the log signed it.
 *
 * A checkpoint is durable before its cosignature exists, and a request is decided on, made durable and
 * answered in one synchronous step. So whatever happens to the process, no two cosignatures of it
 * contradict each other: sizes only grow, and a size has one root. What a log sent that was refused
 * leaves no trace.
 */

import type { Crypto } from '@veritydb/crypto';
import type { Disk } from '@veritydb/log';
import {
  type Checkpoint,
  MerkleError,
  type Signer,
  type VerifierKey,
  type WitnessDecision,
  decideAddCheckpoint,
  formatVerifierKey,
  isKeyName,
  parseCheckpoint,
  parseVerifierKey,
  verifyNote,
} from '@veritydb/merkle';
import { bytesToHex, utf8Encode } from '@veritydb/types';

import { TransparencyError } from './error.ts';
import { confirmText, readText, replaceText } from './small-file.ts';
import { formatWitnessKey, parseWitnessKey } from './witness-key.ts';

const KEY_FILE = 'witness.key';

export interface WitnessOptions {
  readonly disk: Disk;
  readonly crypto: Crypto;
  /** Verifier keys of the logs that are witnessed. */
  readonly logs: readonly string[];
  /** Seconds since the Epoch. */
  readonly nowSeconds: () => number;
}

export interface WitnessAnswer {
  readonly status: WitnessDecision['status'];
  readonly contentType: string;
  readonly body: string;
}

export class Witness {
  readonly #options: WitnessOptions;
  readonly #signer: Signer;
  readonly #logs: readonly VerifierKey[];
  /** By origin. */
  readonly #seen: Map<string, Checkpoint>;
  #failure: TransparencyError | undefined;

  private constructor(
    options: WitnessOptions,
    signer: Signer,
    logs: readonly VerifierKey[],
    seen: Map<string, Checkpoint>,
  ) {
    this.#options = options;
    this.#signer = signer;
    this.#logs = logs;
    this.#seen = seen;
  }

  /**
   * Makes the key of a witness in a folder that has none, and returns its verifier key.
   *
   * @throws {TransparencyError} ERR_TRANSPARENCY_WITNESS_EXISTS, ERR_TRANSPARENCY_WITNESS_NAME
   */
  static create(disk: Disk, crypto: Crypto, signer: Signer): string {
    if (!isKeyName(signer.name)) {
      throw new TransparencyError(
        'format',
        'ERR_TRANSPARENCY_WITNESS_NAME',
        'the name of the witness is malformed',
        { hint: 'name it like a host with a path: witness.example/w1' },
      );
    }
    if (disk.exists(KEY_FILE)) {
      throw new TransparencyError(
        'conflict',
        'ERR_TRANSPARENCY_WITNESS_EXISTS',
        'the folder holds a witness',
        { hint: 'start it, or choose another folder' },
      );
    }
    replaceText(disk, KEY_FILE, formatWitnessKey(crypto, signer));
    return verifierKeyText(crypto, signer);
  }

  /**
   * Opens the witness of a folder.
   *
   * @throws {TransparencyError} ERR_TRANSPARENCY_WITNESS_MISSING, ERR_TRANSPARENCY_WITNESS_KEY,
   *   ERR_TRANSPARENCY_WITNESS_LOG, ERR_TRANSPARENCY_WITNESS_STATE
   */
  static open(options: WitnessOptions): Witness {
    const { crypto, disk } = options;
    const signer = readSigner(disk, crypto);
    const logs = options.logs.map((text) => parseLogKey(crypto, text));
    const seen = new Map<string, Checkpoint>();
    for (const { name: origin } of logs) {
      const checkpoint = readSeen(options, origin, logs);
      if (checkpoint !== undefined) seen.set(origin, checkpoint);
    }
    return new Witness(options, signer, logs, seen);
  }

  /** C2SP verifier key of its cosignatures. */
  get verifierKey(): string {
    return verifierKeyText(this.#options.crypto, this.#signer);
  }

  /** The checkpoint that was cosigned last for each log. */
  get seen(): readonly Checkpoint[] {
    return [...this.#seen.values()];
  }

  /**
   * Answers `add-checkpoint`.
   *
   * @throws {TransparencyError} ERR_TRANSPARENCY_WITNESS_FAILED when what it saw could not be kept: from
   *   then on it cosigns nothing
   */
  addCheckpoint(body: string): WitnessAnswer {
    if (this.#failure !== undefined) throw this.#failure;
    const { crypto, nowSeconds } = this.#options;
    const identity = { signer: this.#signer, logs: this.#logs };
    const decision = decideAddCheckpoint(
      crypto,
      identity,
      (origin) => this.#seen.get(origin),
      body,
    );
    const { status } = decision;
    if (status === 409) {
      return { status, contentType: 'text/x.tlog.size', body: `${decision.size}\n` };
    }
    const contentType = 'text/plain; charset=utf-8';
    if (status !== 200) return { status, contentType, body: `${decision.reason}\n` };
    this.#keep(decision.seen, decision.note);
    return { status, contentType, body: decision.cosign(nowSeconds()) };
  }

  #keep(checkpoint: Checkpoint, note: string): void {
    const { origin, size } = checkpoint;
    if (this.#seen.get(origin)?.size === size) return;
    const { crypto, disk } = this.#options;
    try {
      replaceText(disk, seenFile(crypto, origin), note);
    } catch (cause) {
      this.#failure = new TransparencyError(
        'unavailable',
        'ERR_TRANSPARENCY_WITNESS_FAILED',
        'the witness could not keep what it saw and has stopped',
        { hint: 'free space or repair its disk, then start it again', cause },
      );
      throw this.#failure;
    }
    this.#seen.set(origin, checkpoint);
  }
}

/**
 * The verifier key of the witness of a folder.
 *
 * @throws {TransparencyError} ERR_TRANSPARENCY_WITNESS_MISSING, ERR_TRANSPARENCY_WITNESS_KEY
 */
export function readWitnessKey(disk: Disk, crypto: Crypto): string {
  return verifierKeyText(crypto, readSigner(disk, crypto));
}

function readSigner(disk: Disk, crypto: Crypto): Signer {
  if (!disk.exists(KEY_FILE)) {
    throw new TransparencyError(
      'expectation',
      'ERR_TRANSPARENCY_WITNESS_MISSING',
      'the folder holds no witness',
      { hint: 'make one with: verity witness init DIR --name NAME' },
    );
  }
  return parseWitnessKey(crypto, readText(disk, KEY_FILE) ?? '');
}

function verifierKeyText(crypto: Crypto, { name, seed }: Signer): string {
  return formatVerifierKey(crypto, name, crypto.ed25519PublicKey(seed), 'cosignature');
}

function parseLogKey(crypto: Crypto, text: string): VerifierKey {
  try {
    const key = parseVerifierKey(crypto, text.trim());
    if (key.kind === 'note') return key;
  } catch (error) {
    if (!(error instanceof MerkleError)) throw error;
  }
  throw new TransparencyError(
    'format',
    'ERR_TRANSPARENCY_WITNESS_LOG',
    'a key of a log to witness is malformed',
    { hint: 'give a file with the one line that `verity log key` prints' },
  );
}

/** A file for each log: an origin may hold what no file name may. */
function seenFile(crypto: Crypto, origin: string): string {
  return `logs/${bytesToHex(crypto.sha256(utf8Encode(origin)))}.checkpoint`;
}

function readSeen(
  { crypto, disk }: WitnessOptions,
  origin: string,
  logs: readonly VerifierKey[],
): Checkpoint | undefined {
  const file = seenFile(crypto, origin);
  if (!disk.exists(file)) return undefined;
  confirmText(disk, file);
  try {
    const keys = logs.filter(({ name }) => name === origin);
    const { note } = verifyNote(crypto, readText(disk, file) ?? '', keys);
    const checkpoint = parseCheckpoint(note.text);
    if (checkpoint.origin === origin) return checkpoint;
  } catch (error) {
    if (!(error instanceof MerkleError)) throw error;
  }
  throw new TransparencyError(
    'verification',
    'ERR_TRANSPARENCY_WITNESS_STATE',
    `${file} is not a checkpoint that the log of ${origin} signed`,
    {
      hint: 'give every key that the log has signed with; never remove the file, or the witness forgets',
    },
  );
}
