import { describe, expect, it } from 'vitest';

import { runVopr } from '../src/vopr.ts';

function vopr(...args: readonly string[]): { code: number; out: string; error: string } {
  let out = '';
  let error = '';
  const code = runVopr(args, {
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    nowMs: () => 0,
  });
  return { code, out, error };
}

// S173, S174
describe('vopr', () => {
  it('runs seeds, and counts what happened', () => {
    const { code, out } = vopr(
      'run',
      '--seeds',
      '5',
      '--from',
      '20',
      '--marks',
      '--profile',
      'lite',
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^5 seeds, 0 failures, \d+ ops committed/);
    expect(out).toMatch(/^ {2}checkpoint\.done \d+$/m);
  });

  it('runs a seed again, the same', () => {
    const first = vopr('repro', '12');
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/^trace [0-9a-f]{16}: /);
    expect(vopr('repro', '12')).toEqual(first);
  });

  it('prints what happened', () => {
    const { out } = vopr('timeline', '12', '--lines', '30');
    expect(out.split('\n').filter((line) => line.includes(' ms  '))).toHaveLength(30);
  });

  it('finds what is wrong when a rule is missing, and ends with a code of the kind', () => {
    const { code, out } = vopr('run', '--seeds', '6', '--from', '3', '--mutation', 'amnesia');
    expect(code).toBe(11);
    expect(out).toContain('durability');
    expect(out).toContain('npm run -s vopr -- shrink');
    expect(vopr('walk', '--seeds', '100', '--mutation', 'amnesia').code).toBeGreaterThan(2);
    expect(vopr('walk', '--seeds', '2').code).toBe(0);
  });

  // S175
  it('makes a failure small', () => {
    const { code, out } = vopr('shrink', '5', '--mutation', 'amnesia');
    expect(code).toBe(11);
    const [line = '', json = ''] = out.split('\n');
    const found = /faults (\d+) -> (\d+), requests (\d+) -> (\d+)/.exec(line);
    const [, faults, fewer, requests, less] = (found ?? []).map(Number);
    expect(fewer).toBeLessThanOrEqual(faults ?? 0);
    expect(less).toBeLessThan(requests ?? 0);
    expect(JSON.parse(json)).toMatchObject({ seed: 5 });
    expect(vopr('shrink', '1').out).toContain('no failure');
  });

  it.each([
    [],
    ['fly'],
    ['run', '3'],
    ['repro'],
    ['repro', 'x'],
    ['repro', '1', '2'],
    ['run', '--seeds', '-1'],
    ['run', '--speed', '1'],
    ['run', '--profile', 'wild'],
    ['run', '--mutation', 'none'],
  ])('explains itself to %s %s %s', (...args) => {
    const { code, error } = vopr(...args);
    expect(code).toBe(2);
    expect(error).toMatch(/^usage: vopr/);
  });
});
