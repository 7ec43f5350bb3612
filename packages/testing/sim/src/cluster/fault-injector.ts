/** Makes the faults of a plan happen, within what a cluster must be able to survive. */

import { HEADER_SIZE } from '@veritydb/vsr';

import { drawBelow, drawBits } from '../draw.ts';
import type { Cluster } from './cluster.ts';
import type { ReplicaNode } from './node.ts';
import type { Fault } from './plan.ts';

export class FaultInjector {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  inject(fault: Fault): void {
    const { queue, replicas } = this.#cluster;
    this.#cluster.say(`fault: ${JSON.stringify(fault)}`);
    this.#cluster.trace.add(fault.kind.length, fault.atUs);
    if (fault.kind === 'partition') {
      this.#partition(fault);
      return;
    }
    if (fault.kind === 'swizzle') {
      this.#swizzle(fault);
      return;
    }
    const node = replicas[fault.replica];
    if (node?.replica === undefined) return;
    if (fault.kind === 'crash') this.crash(node, fault.forUs, fault.rot);
    else if (fault.kind === 'pause') node.pausedUntilUs = queue.nowUs + fault.forUs;
    else if (fault.kind === 'disk') {
      node.isDiskFailing = true;
      node.downForUs = fault.forUs;
    } else if (fault.kind === 'slow') {
      node.slowFactor = fault.factor;
      node.slowUntilUs = queue.nowUs + fault.forUs;
    } else node.clockOffsetUs += fault.stepUs;
  }

  #partition(fault: Fault & { readonly kind: 'partition' }): void {
    const { plan, network, queue } = this.#cluster;
    for (let from = 0; from < plan.replicaCount; from += 1) {
      for (let to = 0; to < plan.replicaCount; to += 1) {
        const isFromInside = (fault.side & (1 << from)) !== 0;
        const isToInside = (fault.side & (1 << to)) !== 0;
        if (isFromInside === isToInside) continue;
        if (fault.direction === 'into' && isFromInside) continue;
        if (fault.direction === 'out-of' && isToInside) continue;
        network.cut(from, to);
        queue.push(queue.nowUs + fault.forUs, { kind: 'mend', from, to });
      }
    }
  }

  /** FoundationDB's: clogs that overlap in changing sets find more than any one of them. */
  #swizzle(fault: Fault & { readonly kind: 'swizzle' }): void {
    const { plan, network, queue } = this.#cluster;
    for (const [index, node] of fault.order.entries()) {
      const steps = fault.order.length + ((index * 7 + 3) % fault.order.length);
      const untilUs = queue.nowUs + (index + steps) * fault.stepUs;
      for (let other = 0; other < plan.replicaCount; other += 1) {
        if (other === node) continue;
        if (index % 2 === 0) network.clog(node, other, untilUs);
        else network.clog(other, node, untilUs);
      }
    }
  }

  /** The process ends when the event that is being handled is over. */
  crashSoon(node: ReplicaNode): void {
    const { queue } = this.#cluster;
    if (!node.isDiskFailing) return;
    const fault: Fault = {
      kind: 'crash',
      atUs: queue.nowUs,
      replica: node.id,
      forUs: node.downForUs,
      rot: 0,
    };
    queue.push(queue.nowUs, { kind: 'fault', fault });
  }

  crash(node: ReplicaNode, forUs: number, rot: number): void {
    const { plan, queue } = this.#cluster;
    const { seed } = plan;
    const { life, id } = node;
    this.#cluster.say(`replica ${id} ends`);
    node.replica = undefined;
    node.pausedUntilUs = 0;
    node.disk.crash(
      (purpose) => drawBits(seed, 300 + id, life * 1000 + purpose),
      plan.tearPermille,
    );
    for (let index = 0; index < rot; index += 1) this.#rot(node, index);
    if (!node.isGone) queue.push(queue.nowUs + forUs, { kind: 'start', node: id });
  }

  /** Turns a bit over where it may: of everything a majority stays whole, and enough others are well. */
  #rot(node: ReplicaNode, index: number): void {
    const { replicas, config, viewChangeQuorum } = this.#cluster;
    if (replicas.filter((one) => one !== node && isWell(one)).length < viewChangeQuorum) return;
    const draw = (purpose: number, limit: number): number =>
      drawBelow(
        drawBits(this.#cluster.plan.seed, 200 + node.id, node.life * 64 + index * 8 + purpose),
        limit,
      );
    const bit = draw(1, 8);
    const where = draw(2, 4);
    const slot = draw(3, config.slotCount);
    if (where === 0) {
      const chunk = draw(4, Math.floor(node.disk.committedSize / 4096) + 1);
      const at = chunk * 4096 + draw(5, 4096);
      if (at < node.disk.committedSize && this.#mayRot(node.id, 1000 + chunk)) {
        this.#cluster.say(`rot: committed ${at}`);
        node.disk.flip('committed', at, bit);
      }
      return;
    }
    // Headers and prepares of 16 slots hang together: they rot on the same replicas.
    if (!this.#mayRot(node.id, Math.floor(slot / 16))) return;
    this.#cluster.say(`rot: ${where === 1 ? 'header' : 'prepare'} of slot ${slot}`);
    if (where === 1) node.disk.flip('headers', slot * HEADER_SIZE + draw(5, HEADER_SIZE), bit);
    else node.disk.flip('prepares', slot * config.messageSizeMax + draw(5, 300), bit);
  }

  /** The atlas: each place may rot on fewer replicas than have to hold it. */
  #mayRot(replica: number, place: number): boolean {
    const { replicaCount, seed } = this.#cluster.plan;
    const most = Math.min(3, Math.ceil(replicaCount / 2)) - 1;
    const first = drawBits(seed, 100, place) % replicaCount;
    return (replica - first + replicaCount) % replicaCount < most;
  }
}

function isWell({ replica }: ReplicaNode): boolean {
  return replica !== undefined && ['normal', 'view_change'].includes(replica.state.status);
}
