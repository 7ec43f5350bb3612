/**
 * A time-stamp authority (RFC 3161) of `openssl ts`: a root, the authority's certificate under it, and
 * answers to requests. It is made anew in a folder of the test's own, with throw-away keys.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CONFIGURATION = `[tsa]
default_tsa = test
[test]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1, millisecs:500
ordering = yes
tsa_name = yes
ess_cert_id_alg = sha256
[certificate]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[request]
distinguished_name = name
[name]
`;

export interface TimeStampAuthority {
  /** PEM file of the root. */
  readonly rootFile: string;
  readonly rootPem: string;
  /** Answers a request as the authority. */
  reply(query: Uint8Array): Uint8Array;
  /** Runs openssl in the authority's folder: its output, and whether it said yes. */
  run(...args: readonly string[]): { readonly ok: boolean; readonly output: string };
}

/** Whether openssl is there; a suite that is skipped without it says so on one line. */
export function requireOpenssl(suite: string): boolean {
  const isThere = spawnSync('openssl', ['version']).status === 0;
  if (!isThere) process.stdout.write(`skipped: ${suite} (openssl is not installed)\n`);
  return isThere;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'];
const VALIDITY = ['-days', '36500'];

/** What makes a new key, and a request or a certificate of a name for it. */
function keyOptions(name: string, subject: string): readonly string[] {
  return ['-nodes', '-keyout', `${name}.key`, '-subj', `/O=Test/CN=${subject}`];
}

/** Makes the authority in an empty folder; `newKey` is what `openssl req` makes its key with. */
export function createTimeStampAuthority(
  folder: string,
  newKey: readonly string[] = ['-newkey', 'rsa:2048'],
): TimeStampAuthority {
  const run = (...args: readonly string[]): { ok: boolean; output: string } => {
    const { output, status } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    return { ok: status === 0, output: output.join('') };
  };
  const must = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  writeFileSync(join(folder, 'tsa.cnf'), CONFIGURATION);
  writeFileSync(join(folder, 'serial'), '01\n');
  const usage = ['-addext', 'keyUsage=critical,keyCertSign'];
  const root = [...CURVE, ...keyOptions('root', 'Root'), ...VALIDITY, ...usage];
  must('req', '-x509', ...root, '-out', 'root.pem');
  must('req', ...newKey, ...keyOptions('tsa', 'Stamps'), '-out', 'tsa.csr');
  const issuer = ['-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial'];
  const extensions = ['-extfile', 'tsa.cnf', '-extensions', 'certificate'];
  const issued = [...issuer, ...extensions, ...VALIDITY];
  must('x509', '-req', '-in', 'tsa.csr', ...issued, '-out', 'tsa.pem');
  return {
    rootFile: join(folder, 'root.pem'),
    rootPem: readFileSync(join(folder, 'root.pem'), 'utf8'),
    reply(query) {
      writeFileSync(join(folder, 'query.tsq'), query);
      must('ts', '-reply', '-config', 'tsa.cnf', '-queryfile', 'query.tsq', '-out', 'reply.tsr');
      return new Uint8Array(readFileSync(join(folder, 'reply.tsr')));
    },
    run,
  };
}
