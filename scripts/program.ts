/** Runs the programs of the house as processes of their own, from sources. */

import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

export type Program = 'cli' | 'server' | 'verifier' | 'mcp';

const ROOT = resolve(import.meta.dirname, '..');

function start(program: Program, args: readonly string[]): ChildProcess {
  const main = resolve(ROOT, 'apps', program, 'src', 'main.ts');
  const flags = ['--conditions=veritydb:source', '--import', 'tsx'];
  return spawn(process.execPath, [...flags, main, ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function runProgram(program: Program, args: readonly string[]): Promise<Finished> {
  const child = start(program, args);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => {
      done({ code: code ?? 1, stdout: stdout(), stderr: stderr() });
    });
  });
}

export interface Running {
  /** Asks it to stop, and waits until it has. */
  stop(): Promise<void>;
}

/** Starts a program that goes on, and returns when it has said its first words. */
export async function startProgram(program: Program, args: readonly string[]): Promise<Running> {
  const child = start(program, args);
  const stderr = collect(child.stderr);
  const ended = new Promise<void>((done) => {
    child.once('close', () => {
      done();
    });
  });
  await new Promise<void>((done, fail) => {
    child.stdout?.once('data', () => {
      done();
    });
    child.once('close', (code) => {
      fail(new Error(`${program} ended with ${code ?? 'a signal'}: ${stderr()}`));
    });
  });
  return {
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}
