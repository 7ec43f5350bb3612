/** The pages of the authorization server: no script, no font, no address but its own. */

import { createHash } from 'node:crypto';

import type { Action, TokenExplanation } from '@veritydb/disclosure';

import { escapeHtml } from '../docs-page.ts';
import type { Client } from './client.ts';

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.55 system-ui,sans-serif;max-width:38rem;margin:3rem auto;padding:0 1rem}
code{font:14px ui-monospace,monospace;overflow-wrap:anywhere}
input,button{font:inherit;padding:.5rem .8rem;margin:.4rem .4rem .4rem 0}
li{margin:.3rem 0}.warn{border-left:4px solid #c60;padding-left:.8rem}
`;
const STYLE_DIGEST = createHash('sha256').update(STYLE).digest('base64');

const SCOPES: Readonly<Record<Action, string>> = {
  schema: 'list tables and columns',
  query: 'ask questions, and get rows or figures',
  export: 'make signed exports, and download them',
  verify: 'verify receipts and exports',
  audit: 'read the access records of its own token',
};

interface Asking {
  readonly client: Client;
  readonly redirectUri: string;
  /** The request, sealed: what the next form gives back. */
  readonly sealed: string;
}

function page(title: string, body: string, redirectUri: string | null, status = 200): Response {
  // Browsers hold the redirect that answers a form to this list as well.
  const target = redirectUri === null ? '' : ` ${new URL(redirectUri).origin}`;
  return new Response(
    `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><h1>${escapeHtml(title)}</h1>
${body}
</body></html>
`,
    {
      status,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_DIGEST}'; base-uri 'none'; form-action 'self'${target}; frame-ancestors 'none'`,
        // A form under "no-referrer" is sent with the origin "null", which nobody could tell from a stranger's.
        'referrer-policy': 'same-origin',
        'cache-control': 'no-store',
      },
    },
  );
}

function whoAsks({ client, redirectUri }: Asking): string {
  const { host } = new URL(redirectUri);
  return `<p>A program that calls itself <strong>${escapeHtml(client.name)}</strong> asks for access. Nobody has checked that name. The answer goes to <code>${escapeHtml(host)}</code>.</p>`;
}

/** Asks for the operator's one-time code. */
export function codePage(asking: Asking, isWrong: boolean): Response {
  return page(
    'Let a program in',
    `${whoAsks(asking)}
${isWrong ? '<p class="warn">That code is wrong, used or too old.</p>' : ''}
<form method="post" action="/oauth/authorize"><input type="hidden" name="request" value="${asking.sealed}">
<label>One-time code of the operator<br><input name="code" autocomplete="off" autofocus required maxlength="40"></label><br>
<button>Show what it would see</button></form>
<p>Did you not start this yourself, just now? Then close this page.</p>`,
    asking.redirectUri,
    isWrong ? 403 : 200,
  );
}

/** Shows exactly what the token would see, and asks. */
export function consentPage(
  asking: Asking,
  code: string,
  actions: readonly Action[],
  seen: TokenExplanation,
): Response {
  const tables = seen.tables.map(
    ({ name, rows, columns }) =>
      `<li><code>${escapeHtml(name)}</code>, ${rows} rows: ${columns
        .map(
          (column) => `<code>${escapeHtml(column.name)}</code> (${escapeHtml(column.transform)})`,
        )
        .join(', ')}</li>`,
  );
  const hidden = `<input type="hidden" name="request" value="${asking.sealed}"><input type="hidden" name="code" value="${escapeHtml(code)}">`;
  return page(
    'Let a program in?',
    `${whoAsks(asking)}
<p>It could</p><ul>${actions.map((action) => `<li>${SCOPES[action]} <code>verity:${action}</code></li>`).join('')}</ul>
<p>of this, and of nothing else:</p><ul>${tables.join('')}</ul>
<p>${seen.answers === 'aggregate' ? 'Statistics only, no single rows.' : 'Single rows, as the policy changes them.'}
Recipient <strong>${escapeHtml(seen.recipient)}</strong>, purpose <code>${escapeHtml(seen.purpose)}</code>,
policy <code>${escapeHtml(seen.policy.name)}</code> version ${seen.policy.version}, until ${escapeHtml(seen.expiresAt)}.
Every answer is recorded.</p>
<form method="post" action="/oauth/authorize">${hidden}<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Refuse</button></form>`,
    asking.redirectUri,
  );
}

/** For errors that must not be sent to an address that nobody vouches for. */
export function refusalPage(message: string, status: number): Response {
  return page(
    'Not allowed',
    `<p>${escapeHtml(message)}.</p><p>Nothing was sent anywhere. Start again from the program that you were using.</p>`,
    null,
    status,
  );
}
