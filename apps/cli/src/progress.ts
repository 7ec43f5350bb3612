/** A progress bar on standard error, where a person watches; nothing at all elsewhere. */

import { escapeControls } from './escape.ts';
import type { Terminal } from './terminal.ts';

const BAR_WIDTH = 24;

export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #label: string;
  readonly #total: number;
  #shown = '';

  constructor(terminal: Terminal, label: string, total: number) {
    this.#terminal = terminal;
    this.#label = escapeControls(label);
    this.#total = total;
  }

  update(done: number): void {
    if (!this.#terminal.isInteractive) return;
    const share = this.#total === 0 ? 1 : Math.min(1, done / this.#total);
    const filled = Math.round(share * BAR_WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    const line = `${this.#label} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %`;
    if (line === this.#shown) return;
    this.#shown = line;
    this.#terminal.writeError(`\r${line}`);
  }

  /** Removes the bar: what is said next stands on a line of its own. */
  clear(): void {
    if (this.#shown === '') return;
    this.#terminal.writeError(`\r\u001b[2K`);
    this.#shown = '';
  }
}
