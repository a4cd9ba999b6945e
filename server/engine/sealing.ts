import type { ReplicaConfig } from '../replication/replica-state.ts';
import type { EntryCodec } from '../storage/replica-storage.ts';

export interface SealingParts {
  codec: EntryCodec;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** 32 random hexadecimal digits. */
  newNonce(): string;
  /** Of the last entry in the log, which another primary may have made by another clock. */
  lastTimeMs(): number;
}

/** Gives drafts their places, digests, rows and time: never a lower time than an earlier entry has, whatever the clock says. */
export function makeSeal({ codec, wallMs, newNonce, lastTimeMs }: SealingParts): ReplicaConfig['seal'] {
  return (drafts, place) => codec.seal(drafts, { ...place, time: Math.max(lastTimeMs(), wallMs()) }, newNonce);
}
