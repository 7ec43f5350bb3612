/** The commands of vopr. Nothing here decides what is right: the checkers of the simulator do. */

import {
  type Exploration,
  type FailureKind,
  PROFILES,
  type Plan,
  type Profile,
  type RunResult,
  buildPlan,
  runPlan,
  exploreModel,
  runWalk,
  viewOfModel,
  wanderReplicas,
} from '@veritydb/sim/cluster';
import { MUTATIONS, type Mutation } from '@veritydb/vsr';

import { shrinkPlan } from './shrink-plan.ts';

export interface VoprIo {
  out(text: string): void;
  error(text: string): void;
  /** Milliseconds of any clock: for seeds an hour, which decide nothing. */
  nowMs(): number;
}

/** A failure of each kind ends the program with a code of its own. */
const EXIT_CODES: Readonly<Record<FailureKind, number>> = {
  crash: 10,
  agreement: 11,
  'hash-chain': 11,
  'exactly-once': 11,
  timestamps: 11,
  replies: 11,
  'real-time': 11,
  linearizability: 11,
  durability: 11,
  'committed-bytes': 11,
  sessions: 11,
  liveness: 12,
  determinism: 13,
};
const EXIT_USAGE = 2;
const SHRINK_RUNS = 400;
const TIMELINE_LINES = 200;
/** One seed of so many runs twice, to see that it is the same. */
const DETERMINISM_ONE_IN = 20;

const USAGE = `usage: vopr COMMAND [SEED] [options]

  run            run seeds, and say what failed
  repro SEED     run one seed again
  shrink SEED    make the plan of a seed that fails small, and print it
  timeline SEED  print what happened, as it happened
  walk           run walks: crashes and view changes as frequent as messages
  explore        every order of events in the model, and real replicas held against it

  --seeds N      how many (run: 100, walk: 1000, explore: 200)
  --from N       the first one (1)
  --profile P    ${PROFILES.join(', ')} (swarm)
  --lines N      timeline: how many of the last lines (${TIMELINE_LINES})
  --mutation M   switch a rule of the protocol off, to see that it is missed
  --marks        run: count what happened
`;

interface Settings {
  readonly command: string;
  readonly seed: number;
  readonly seeds: number | undefined;
  readonly from: number;
  readonly profile: Profile;
  readonly lines: number;
  readonly mutation: Mutation | undefined;
  readonly hasMarks: boolean;
}

const OPTIONS: ReadonlySet<string> = new Set([
  'seeds',
  'from',
  'profile',
  'lines',
  'mutation',
  'marks',
]);

/** Runs one command; its exit code. */
export function runVopr(args: readonly string[], io: VoprIo): number {
  const settings = parseArguments(args);
  if (settings === undefined) {
    io.error(USAGE);
    return EXIT_USAGE;
  }
  switch (settings.command) {
    case 'run':
      return runSeeds(settings, io);
    case 'repro':
      return reproduce(settings, io);
    case 'shrink':
      return shrink(settings, io);
    case 'timeline':
      return printTimeline(settings, io);
    case 'explore':
      return explore(settings, io);
    default:
      return runWalks(settings, io);
  }
}

function parseArguments(args: readonly string[]): Settings | undefined {
  const [command = '', ...rest] = args;
  const values = new Map<string, string>();
  let seed: number | undefined;
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] as string;
    if (word === '--marks') values.set('marks', '');
    else if (word.startsWith('--')) values.set(word.slice(2), rest[(index += 1)] ?? '');
    else if (seed === undefined) seed = Number(word);
    else return undefined;
  }
  const hasSeed = ['repro', 'shrink', 'timeline'].includes(command);
  if (!hasSeed && !['run', 'walk', 'explore'].includes(command)) return undefined;
  if (hasSeed !== (seed !== undefined)) return undefined;
  const number = (name: string): number | undefined => {
    const text = values.get(name);
    return text === undefined ? undefined : Number(text);
  };
  if ([...values.keys()].some((name) => !OPTIONS.has(name))) return undefined;
  const numbers = [seed, number('seeds'), number('from'), number('lines')];
  if (numbers.some((one) => one !== undefined && !(Number.isSafeInteger(one) && one >= 0))) {
    return undefined;
  }
  const profile = PROFILES.find((one) => one === (values.get('profile') ?? 'swarm'));
  const mutation = MUTATIONS.find((one) => one === values.get('mutation'));
  if (profile === undefined || (values.has('mutation') && mutation === undefined)) return undefined;
  return {
    command,
    seed: seed ?? 0,
    seeds: number('seeds'),
    from: number('from') ?? 1,
    profile,
    lines: number('lines') ?? TIMELINE_LINES,
    mutation,
    hasMarks: values.has('marks'),
  };
}

function optionsOf({ mutation }: Settings): { readonly mutation?: Mutation } {
  return mutation === undefined ? {} : { mutation };
}

function run(plan: Plan, settings: Settings, linesMax = 0): RunResult {
  return runPlan(plan, { ...optionsOf(settings), linesMax });
}

function runSeeds(settings: Settings, io: VoprIo): number {
  const { from, profile } = settings;
  const seeds = settings.seeds ?? 100;
  const startMs = io.nowMs();
  const marks = new Map<string, number>();
  const total = { events: 0, commits: 0, messages: 0, failures: 0, undecided: 0 };
  let exitCode = 0;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const plan = buildPlan(seed, profile);
    const result = run(plan, settings);
    total.events += result.events;
    total.commits += result.commits;
    total.messages += result.messages;
    if (result.undecided) total.undecided += 1;
    for (const [name, count] of result.marks) marks.set(name, (marks.get(name) ?? 0) + count);
    const isTwice = seed % DETERMINISM_ONE_IN === 0;
    const kind: FailureKind | undefined =
      isTwice && run(plan, settings).traceHash !== result.traceHash
        ? 'determinism'
        : result.failure?.kind;
    if (kind === undefined) continue;
    total.failures += 1;
    exitCode ||= EXIT_CODES[kind];
    io.out(`seed ${seed}: ${kind}: ${result.failure?.message ?? 'two runs differ'}\n`);
    io.out(`  npm run -s vopr -- shrink ${seed} --profile ${profile}\n`);
  }
  const ms = io.nowMs() - startMs;
  const perHour = ms > 0 ? Math.floor((seeds * 3_600_000) / ms) : 0;
  io.out(
    `${seeds} seeds, ${total.failures} failures, ${total.commits} ops committed, ` +
      `${total.messages} messages, ${total.events} events, ${total.undecided} histories undecided, ` +
      `${perHour} seeds an hour\n`,
  );
  if (settings.hasMarks) {
    for (const [name, count] of [...marks].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      io.out(`  ${name} ${count}\n`);
    }
  }
  return exitCode;
}

function report(result: RunResult, io: VoprIo): number {
  const { failure, traceHash, events, commits, virtualMs, views } = result;
  io.out(
    `trace ${traceHash}: ${events} events, ${commits} ops committed, ${virtualMs} ms, view ${views}\n`,
  );
  if (failure === undefined) {
    io.out('no failure\n');
    return 0;
  }
  io.out(`${failure.kind}: ${failure.message}\n${failure.stack}\n`);
  return EXIT_CODES[failure.kind];
}

function reproduce(settings: Settings, io: VoprIo): number {
  return report(run(buildPlan(settings.seed, settings.profile), settings), io);
}

function printTimeline(settings: Settings, io: VoprIo): number {
  const plan = buildPlan(settings.seed, settings.profile);
  const result = run(plan, settings, settings.lines);
  for (const { timeUs, text } of result.lines) {
    io.out(`${(timeUs / 1000).toFixed(1).padStart(9)} ms  ${text}\n`);
  }
  return report(result, io);
}

function shrink(settings: Settings, io: VoprIo): number {
  const plan = buildPlan(settings.seed, settings.profile);
  const before = run(plan, settings);
  if (before.failure === undefined) return report(before, io);
  const { plan: small, runs } = shrinkPlan(plan, settings.mutation, SHRINK_RUNS);
  io.out(
    `${runs} runs: faults ${plan.faults.length} -> ${small.faults.length}, ` +
      `requests ${requestCount(plan)} -> ${requestCount(small)}, ` +
      `replicas ${plan.replicaCount} -> ${small.replicaCount}\n`,
  );
  io.out(`${JSON.stringify(small)}\n`);
  return report(run(small, settings), io);
}

function requestCount({ clients }: Plan): number {
  return clients.flat().length;
}

function runWalks(settings: Settings, io: VoprIo): number {
  const seeds = settings.seeds ?? 1000;
  const startMs = io.nowMs();
  let commits = 0;
  let exitCode = 0;
  let failures = 0;
  for (let seed = settings.from; seed < settings.from + seeds; seed += 1) {
    const result = runWalk(seed, optionsOf(settings));
    commits += result.commits;
    if (result.failure === undefined) continue;
    failures += 1;
    exitCode ||= EXIT_CODES[result.failure.kind];
    io.out(`walk ${seed}: ${result.failure.kind}: ${result.failure.message}\n`);
    // Without its rule a cluster fails again and again: the first time is what is asked for.
    if (settings.mutation !== undefined) break;
  }
  const ms = io.nowMs() - startMs;
  io.out(`${failures} failures, ${commits} ops committed, ${ms} ms\n`);
  return exitCode;
}

/** The bounds of both: a second request is how the model has one that comes again in a later view. */
const MODEL = {
  replicas: 3,
  viewMax: 1,
  opMax: 1,
  requestMax: 2,
  crashMax: 1,
  corruptionMax: 0,
  replicationQuorum: 2,
  viewChangeQuorum: 2,
  nackQuorum: 2,
  mutation: null,
} as const;
const REPLICAS = { requestMax: 1, timeoutMax: 1, viewMax: 1, crashMax: 1 } as const;
const MODEL_STATES_MAX = 1_000_000;

/** Real replicas, whose rule may be off, against the model, whose rules all are on. */
function explore(settings: Settings, io: VoprIo): number {
  const views = new Set<string>();
  const model = exploreModel(MODEL, MODEL_STATES_MAX, (state) => views.add(viewOfModel(state)));
  io.out(`model: ${model.states} states, ${views.size} views of them, ${violation(model)}\n`);
  const bounds = { ...REPLICAS, ...optionsOf(settings) };
  const ways = wanderReplicas(bounds, settings.from, settings.seeds ?? 200);
  const foreign = [...ways.views].filter((view) => !views.has(view));
  io.out(
    `replicas: ${ways.runs} ways, ${ways.states} states, ${ways.views.size} views of them, ` +
      `${foreign.length} that the model does not have\n`,
  );
  for (const view of foreign) io.out(`  ${view}\n`);
  if (ways.failure === null)
    return foreign.length === 0 && model.isWhole ? 0 : EXIT_CODES.agreement;
  io.out(`${ways.failure.kind}: ${ways.failure.message}\n`);
  for (const choice of ways.failure.way) io.out(`  ${choice}\n`);
  return EXIT_CODES[ways.failure.kind];
}

function violation({ violation: found }: Exploration): string {
  return found === null ? 'none breaks an invariant' : `one breaks ${found.invariant}`;
}
