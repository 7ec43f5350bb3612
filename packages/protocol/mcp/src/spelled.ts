/** How the door's answers become those of an SDK, the same for each generation. */

import { RpcFailure } from './door.ts';

/** The SDK checks what is sent by the schemas that its types come from: here they would say nothing. */
export function spelled(result: object): never {
  return result as never;
}

/** An answer, or the SDK's own error for what the protocol has a JSON-RPC error for. */
export async function spelledAnswer(
  answer: () => Promise<object>,
  toError: (failure: RpcFailure) => Error,
): Promise<never> {
  try {
    return spelled(await answer());
  } catch (error) {
    throw error instanceof RpcFailure ? toError(error) : error;
  }
}
