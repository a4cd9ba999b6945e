/** What may be done to a server of this machine. */
export type ControlAction = 'kill' | 'pause' | 'resume' | 'restart';

/** A server that runs, or ran, on this machine and may be ended and started from the screen. */
export interface LocalServer {
  /** `host:port` */
  readonly address: string;
  readonly state: 'running' | 'paused' | 'stopped' | 'starting';
  /** The highest operation it has applied, as it told last; absent while it tells nothing. */
  readonly commit?: number;
}

/** The connection was lost and came back: to whom, and for how long nobody answered. */
export interface FailOver {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly silenceMs: number;
}
