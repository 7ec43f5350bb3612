/** Tests assert codes, not messages: these run something that must be refused. */

import { VerityError } from '@veritydb/types';

/** Runs it and returns the error, which must have this code. */
export function expectCode(run: () => unknown, code: string): VerityError {
  let outcome: unknown;
  try {
    outcome = run();
  } catch (error) {
    return checked(error, code);
  }
  throw new Error(`expected ${code}, but it returned ${typeof outcome}`);
}

/** Awaits it and returns the error, which must have this code. */
export async function expectCodeAsync(
  run: () => Promise<unknown>,
  code: string,
): Promise<VerityError> {
  let outcome: unknown;
  try {
    outcome = await run();
  } catch (error) {
    return checked(error, code);
  }
  throw new Error(`expected ${code}, but it returned ${typeof outcome}`);
}

/** The code of the {@link VerityError} that a call throws, or `none`; any other error is thrown on. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof VerityError) return error.code;
    throw error;
  }
  return 'none';
}

function checked(error: unknown, code: string): VerityError {
  if (error instanceof VerityError && error.code === code) return error;
  const found = error instanceof VerityError ? error.code : String(error);
  throw new Error(`expected ${code}, but it threw ${found}`, { cause: error });
}
