/**
 * Figures for an operator's monitoring, in the text format of Prometheus: how much is asked by which door,
 * how it ended, how long it took, how long the log is, and how the process fares. No label comes from a
 * request beyond its door and status: nothing that is asked, and nobody who asks, can be read from them.
 */

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type DoorName = 'http' | 'mcp';

/** Seconds: from a read out of memory to a slow sync. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'door' | 'status'>;
  readonly #seconds: Histogram<'door'>;

  /** @param recordCount how many records the log holds; asked when somebody reads the figures */
  constructor(recordCount: () => Promise<number>) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Counter({
      name: 'verity_requests_total',
      help: 'Requests that were answered, by door and status.',
      labelNames: ['door', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'verity_request_seconds',
      help: 'Time from the headers of a request to its answer.',
      labelNames: ['door'],
      buckets: BUCKETS,
      registers,
    });
    const records = new Gauge({
      name: 'verity_log_records',
      help: 'Records of the log that a signed checkpoint covers.',
      registers,
      async collect() {
        records.set(await recordCount());
      },
    });
  }

  /** Answers a request, and counts it. */
  async observe(door: DoorName, answer: () => Promise<Response>): Promise<Response> {
    const stop = this.#seconds.startTimer({ door });
    const response = await answer();
    stop();
    this.#requests.inc({ door, status: response.status });
    return response;
  }

  async response(): Promise<Response> {
    return new Response(await this.#registry.metrics(), {
      headers: {
        'content-type': this.#registry.contentType,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      },
    });
  }
}
