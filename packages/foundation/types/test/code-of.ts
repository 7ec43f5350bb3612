/** The code of the error that a call throws, or `none`. */
export function codeOf(call: () => unknown): string {
  try {
    call();
    return 'none';
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}
