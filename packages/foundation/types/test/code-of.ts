import { VerityError } from '../src/index.ts';

/** The code of the refusal that a call throws, or `none`; any other error fails the test. */
export function codeOf(call: () => unknown): string {
  try {
    call();
    return 'none';
  } catch (error) {
    if (error instanceof VerityError) return error.code;
    throw error;
  }
}
