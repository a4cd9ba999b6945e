/** The connection was lost and came back: to whom, and for how long nobody answered. */
export interface FailOver {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly silenceMs: number;
}
