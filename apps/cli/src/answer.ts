/** Members of the API's answers, read with suspicion: a missing one is told, never shown as `undefined`. */

import { type JsonObject, type JsonValue, isJsonObject } from '@veritydb/types';

import { CliError } from './error.ts';

/** @throws {CliError} ERR_CLI_ANSWER */
export function textOf(answer: JsonObject, member: string): string {
  const value = answer[member];
  if (typeof value !== 'string') throw missing(member, 'a text');
  return value;
}

/** @throws {CliError} ERR_CLI_ANSWER */
export function numberOf(answer: JsonObject, member: string): number {
  const value = answer[member];
  if (typeof value !== 'number') throw missing(member, 'a number');
  return value;
}

/** @throws {CliError} ERR_CLI_ANSWER */
export function listOf(answer: JsonObject, member: string): readonly JsonValue[] {
  const value = answer[member];
  if (!Array.isArray(value)) throw missing(member, 'a list');
  return value as readonly JsonValue[];
}

/** @throws {CliError} ERR_CLI_ANSWER */
export function objectsOf(answer: JsonObject, member: string): readonly JsonObject[] {
  const list = listOf(answer, member);
  if (!list.every(isJsonObject)) throw missing(member, 'a list of objects');
  return list;
}

/** @throws {CliError} ERR_CLI_ANSWER */
export function textsOf(answer: JsonObject, member: string): readonly string[] {
  const list = listOf(answer, member);
  if (!list.every((value) => typeof value === 'string')) throw missing(member, 'a list of texts');
  return list;
}

function missing(member: string, expected: string): CliError {
  return new CliError('expectation', 'ERR_CLI_ANSWER', `the answer lacks ${member}, ${expected}`, {
    hint: 'Check that the server and this command are of one version: `verity status`.',
  });
}
