/**
 * `Dockerfile`, `compose.yaml` and what stands in `deploy/`: without Docker, by running what they run. Each
 * RUN line in a clean copy of the tree, then the commands of the services, on folders and ports of a test.
 * Images of others, networks between containers and volumes are read here, and not run.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { ROOT, filesUnder, readText } from '../tree.ts';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, { condition: string }>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly disable: boolean };
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const compose = parse(readText('compose.yaml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);

// S342
describe('compose.yaml', () => {
  it('starts a server, a witness, Prometheus and Grafana', () => {
    expect(Object.keys(compose.services)).toEqual([
      'setup',
      'verity',
      'witness',
      'prometheus',
      'grafana',
    ]);
    for (const [, { build, image }] of services) expect(build === '.').toBe(image === 'verity');
  });

  it.each(services)('%s names services, volumes and files that there are', (_name, service) => {
    const needed = service.depends_on ?? [];
    const names = Array.isArray(needed) ? (needed as string[]) : Object.keys(needed);
    const shared = service.network_mode?.replace(/^service:/, '') ?? [];
    for (const name of [...names, ...[shared].flat()])
      expect(compose.services).toHaveProperty(name);
    for (const volume of service.volumes ?? []) {
      const [from = '', to = ''] = volume.split(':');
      expect(to).toMatch(/^\//);
      if (from.startsWith('./')) expect(existsSync(join(ROOT, from)), from).toBe(true);
      else expect(compose.volumes).toHaveProperty(from);
    }
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    expect(service.image).toMatch(/^(verity|[\w/-]+:v?\d[\w.-]*)$/);
  });

  it('waits for the health of no service that has none', () => {
    for (const [, { depends_on: needed = {} }] of services) {
      for (const [name, { condition }] of Object.entries(
        needed as Record<string, { condition: string }>,
      )) {
        if (condition !== 'service_healthy') continue;
        expect(compose.services[name]).toMatchObject({ image: 'verity' });
        expect(compose.services[name]?.healthcheck).toBeUndefined();
      }
    }
  });
});

let folder: string;
const children: ChildProcess[] = [];
const at = (...names: string[]): string => join(folder, ...names);

/** Paths of the image as paths of this test, and its user as whoever runs it. */
function placed(text: string): string {
  const { uid, gid } = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  return text
    .replaceAll('/usr/local/bin', at('bin'))
    .replaceAll(/(?<![\w./-])\/(verity|data|witness|keys|deploy)\b/g, `${folder}/$1`)
    .replaceAll('node:node', `${uid}:${gid}`);
}

function environment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(VERITY|NODE_OPTIONS)/.test(name));
  return { ...Object.fromEntries(own), PATH: `${at('bin')}:${process.env['PATH']}`, ...extra };
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

function run(service: string, port: number, extra: Readonly<Record<string, string>>): ChildProcess {
  const { command = [], environment: said = {} } = compose.services[service] as Service;
  const [program = '', ...args] = command.map((word) => placed(word).replace(':7430', `:${port}`));
  const variables = Object.entries(said).map(([name, value]) => [name, placed(value)] as const);
  const all = { ...Object.fromEntries(variables), VERITYD_DATA: at('data'), ...extra };
  const child = spawn(program, args, { env: environment(all), stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

describe('the image and its services', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'verity-deploy-'));
    mkdirSync(at('bin'));
    for (const path of filesUnder('.')) cpSync(join(ROOT, path), at('verity', path));
    cpSync(join(ROOT, 'deploy'), at('deploy'), { recursive: true });
  });

  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('are built by the lines of the Dockerfile', { timeout: 600_000 }, () => {
    const lines = readText('Dockerfile').replaceAll('\\\n', ' ').split('\n');
    const commands = lines.filter((line) => line.startsWith('RUN ')).map((line) => line.slice(4));
    expect(commands).toHaveLength(4);
    for (const command of commands) {
      const { status, stderr, stdout } = spawnSync('sh', ['-c', placed(command)], {
        cwd: at('verity'),
        env: environment({}),
        encoding: 'utf8',
      });
      expect(status, `${command}\n${stdout}\n${stderr}`).toBe(0);
    }
    expect(existsSync(at('verity', 'node_modules', 'vitest'))).toBe(false);
    for (const name of ['data', 'witness', 'keys']) expect(existsSync(at(name))).toBe(true);
  });

  it('start as compose starts them, publish with the witness, and serve what is drawn', async () => {
    const [serverPort, witnessPort] = [await freePort(), await freePort()];
    const places = { DATA: at('data'), WITNESS: at('witness'), KEYS: at('keys') };
    const setup = { ...places, WITNESS_URL: `http://127.0.0.1:${witnessPort}/` };
    for (const round of [1, 2]) {
      const script = placed((compose.services['setup']?.command ?? []).at(-1) ?? '');
      const done = spawnSync('sh', [script], { env: environment(setup), encoding: 'utf8' });
      expect(done.status, `round ${round}: ${done.stderr}`).toBe(0);
    }
    run('witness', witnessPort, {});
    const url = `http://127.0.0.1:${serverPort}`;
    const server = run('verity', 0, { VERITYD_PORT: String(serverPort), VERITYD_PUBLIC_URL: url });
    let said = '';
    server.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    while (!existsSync(at('data', 'server.json'))) {
      if (server.exitCode !== null) throw new Error(`the server ended: ${said}`);
      await sleep(50);
    }
    expect(healthCheck(serverPort)).toBe(0);
    let published = '';
    while (!published.includes('localhost/w1')) {
      published = await (await fetch(`${url}/checkpoint`)).text();
      if (server.exitCode !== null) throw new Error(`the server ended: ${said}`);
      await sleep(100);
    }
    const served = await (await fetch(`${url}/metrics`)).text();
    const names = new Set([...served.matchAll(/^(\w+)[ {]/gm)].map(([, name = '']) => name));
    for (const name of drawnMetrics()) expect([...names], name).toContain(name);
    server.kill('SIGTERM');
    while ((await fetch(`${url}/ready`)).status === 200) await sleep(20);
    expect(healthCheck(serverPort)).toBe(1);
  });
});

/** The health check of the image, on another port; returns its exit code. */
function healthCheck(port: number): number | null {
  const [, text = ''] = /HEALTHCHECK[^[]*CMD (\[.*\])/.exec(readText('Dockerfile')) ?? [];
  const [program = '', ...args] = (JSON.parse(text) as string[]).map((word) =>
    word.replace(':7420', `:${port}`),
  );
  return spawnSync(program, args).status;
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly datasource: { readonly uid: string };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const dashboard = JSON.parse(readText('deploy/grafana/dashboards/verity.json')) as Dashboard;

/** Words of PromQL that stand in the dashboard and are no metric's name. */
const PROMQL = /^(sum|rate|increase|deriv|histogram_quantile|by|up|door|status|le|job|verity|m|h)$/;

/** Names of metrics that the dashboard asks for. */
function drawnMetrics(): readonly string[] {
  const words = dashboard.panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.replaceAll(/"[^"]*"/g, '').match(/[a-z_]\w*/gi) ?? []),
  );
  return words.filter((word) => !PROMQL.test(word));
}

describe('what is drawn', () => {
  it('asks the source that is provisioned, which scrapes where the server listens', () => {
    expect(drawnMetrics().length).toBeGreaterThan(8);
    const folderOf = 'deploy/grafana/provisioning';
    const sources = parse(readText(`${folderOf}/datasources/prometheus.yaml`)) as {
      readonly datasources: readonly { readonly uid: string; readonly url: string }[];
    };
    const [source] = sources.datasources;
    for (const panel of dashboard.panels) expect(panel.datasource.uid).toBe(source?.uid);
    expect(source?.url).toBe('http://verity:9090');
    expect(compose.services['prometheus']?.network_mode).toBe('service:verity');
    const scraped = parse(readText('deploy/prometheus.yml')) as {
      readonly scrape_configs: readonly { static_configs: readonly { targets: string[] }[] }[];
    };
    const [ports] = compose.services['verity']?.ports ?? [];
    const target = scraped.scrape_configs[0]?.static_configs[0]?.targets[0] ?? '';
    expect(ports?.endsWith(target.slice('127.0.0.1'.length))).toBe(true);
  });

  it('is found where Grafana is told to look', () => {
    const mounts = compose.services['grafana']?.volumes ?? [];
    const providers = parse(readText('deploy/grafana/provisioning/dashboards/verity.yaml')) as {
      readonly providers: readonly { readonly options: { readonly path: string } }[];
    };
    const path = providers.providers[0]?.options.path ?? '';
    const mount = mounts.find((one) => one.split(':')[1] === path)?.split(':')[0] ?? '';
    expect(readFileSync(join(ROOT, mount, 'verity.json'), 'utf8')).toContain('"uid": "verity"');
    expect(dirname(path)).toBe('/var/lib/grafana');
  });
});
