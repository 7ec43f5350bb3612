/** The port to what is replicated: the log orders ops, the machine makes replies of them. */

export interface StateMachine {
  /**
   * Applies one op, in order, each once in the life of this object. The same ops give the same replies on
   * every replica: nothing but the arguments and what came before may decide.
   *
   * `timestampUs` is the op's own, microseconds since the epoch, and rises from op to op.
   */
  apply(op: number, bytes: Uint8Array, timestampUs: number): Uint8Array;
}
