/**
 * The document for people: one page, made from the same OpenAPI document, with no script, no font and no
 * address but its own. Its style is allowed by digest (CSP level 3), nothing else is.
 */

import { createHash } from 'node:crypto';

import { type JsonObject, type JsonValue, isJsonObject } from '@veritydb/types';

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
body{font:16px/1.55 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:.2em}h2{border-top:1px solid var(--line);padding-top:1.4rem;margin-top:2.2rem;font-size:1.1rem}
code,pre{font:13.5px/1.5 ui-monospace,monospace}
pre{background:var(--soft);padding:.8rem 1rem;overflow-x:auto;border-radius:6px}
.method{font-weight:700;text-transform:uppercase;margin-right:.6em}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
nav li{list-style:none;margin:.1rem 0}nav ul{padding:0}summary{cursor:pointer}
`;

/** The policy under which the page, and only the page, is served. */
export const DOCS_CONTENT_SECURITY_POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) ? value[name] : undefined;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? escapeHtml(value) : '';
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

interface Operation {
  readonly method: string;
  readonly route: string;
  readonly operation: JsonObject;
}

function operationsOf(document: JsonObject): readonly Operation[] {
  const paths = document['paths'];
  if (!isJsonObject(paths)) return [];
  return Object.entries(paths).flatMap(([route, item]) =>
    isJsonObject(item)
      ? Object.entries(item)
          .filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]))
          .map(([method, operation]) => ({ method, route, operation }))
      : [],
  );
}

/** The page of a document. */
export function buildDocsPage(document: JsonObject): string {
  const info = document['info'];
  const operations = operationsOf(document);
  const server = textOf(member(listOf(document['servers'])[0], 'url'));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${textOf(member(info, 'title'))} API</title><style>${STYLE}</style></head><body>
<h1>${textOf(member(info, 'title'))} API</h1>
<p>Version ${textOf(member(info, 'version'))}, at <code>${server}</code>. <a href="/openapi.json">OpenAPI document</a></p>
<p>${textOf(member(info, 'description'))}</p>
<pre>curl -H "Authorization: Bearer $(cat token.jwt)" ${server}/v1/schema</pre>
<nav><ul>${operations.map(tableOfContents).join('')}</ul></nav>
${operations.map((operation) => operationSection(operation)).join('\n')}
</body></html>
`;
}

function tableOfContents({ method, route, operation }: Operation): string {
  const id = textOf(operation['operationId']);
  return `<li><a href="#${id}"><code><span class="method">${escapeHtml(method)}</span>${escapeHtml(route)}</code></a> ${textOf(operation['summary'])}</li>`;
}

function operationSection({ method, route, operation }: Operation): string {
  const body = member(member(operation['requestBody'], 'content'), 'application/json');
  const token = listOf(operation['security']).length > 0 ? 'A scoped token.' : 'No token.';
  return `<section id="${textOf(operation['operationId'])}">
<h2><code><span class="method">${escapeHtml(method)}</span>${escapeHtml(route)}</code></h2>
<p><strong>${textOf(operation['summary'])}.</strong> ${textOf(operation['description'])} ${token}</p>
${parameterTable(listOf(operation['parameters']))}
${body === undefined ? '' : schemaDetails('Body', member(body, 'schema'))}
${responseTable(operation['responses'])}
</section>`;
}

function parameterTable(parameters: readonly JsonValue[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(
    (parameter) =>
      `<tr><td><code>${textOf(member(parameter, 'name'))}</code></td><td>${textOf(member(parameter, 'in'))}${member(parameter, 'required') === true ? ', required' : ''}</td><td><code>${escapeHtml(JSON.stringify(member(parameter, 'schema') ?? {}))}</code></td></tr>`,
  );
  return `<table><tr><th>Parameter</th><th>In</th><th>Schema</th></tr>${rows.join('')}</table>`;
}

function responseTable(responses: JsonValue | undefined): string {
  if (!isJsonObject(responses)) return '';
  const rows = Object.entries(responses).map(([status, response]) => {
    const content = member(response, 'content');
    const schema = member(member(content, 'application/json'), 'schema');
    const types = isJsonObject(content) ? Object.keys(content).map(escapeHtml).join(', ') : '';
    const details = schema === undefined ? '' : schemaDetails('Schema', schema);
    return `<tr><td>${escapeHtml(status)}</td><td>${textOf(member(response, 'description'))} <code>${types}</code>${details}</td></tr>`;
  });
  return `<table><tr><th>Status</th><th>Answer</th></tr>${rows.join('')}</table>`;
}

function schemaDetails(title: string, schema: JsonValue | undefined): string {
  return `<details><summary>${title}</summary><pre>${escapeHtml(JSON.stringify(schema ?? {}, null, 2))}</pre></details>`;
}
