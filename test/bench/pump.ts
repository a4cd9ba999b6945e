/** Sends one message; `done` is to be called when it is acknowledged. */
export type Send = (client: number, done: () => void) => void;

export interface PumpPlan {
  clients: number;
  inFlight: number;
  warmUpMs: number;
  measureMs: number;
}

/**
 * Keeps so many messages of each client in flight, for a while.
 *
 * @returns acknowledgements a second, without those of the warm-up; all that was sent is acknowledged by then
 */
export function pump({ clients, inFlight, warmUpMs, measureMs }: PumpPlan, send: Send): Promise<number> {
  return new Promise((resolve) => {
    let isSending = true;
    let unanswered = 0;
    let acknowledged = 0;
    let perSecond = 0;
    const sendNext = (client: number): void => {
      unanswered += 1;
      send(client, () => {
        unanswered -= 1;
        acknowledged += 1;
        if (isSending) sendNext(client);
        else if (unanswered === 0) resolve(perSecond);
      });
    };
    for (let client = 0; client < clients; client++) for (let slot = 0; slot < inFlight; slot++) sendNext(client);
    setTimeout(() => {
      const startedAtMs = performance.now();
      acknowledged = 0;
      setTimeout(() => {
        perSecond = (acknowledged * 1000) / (performance.now() - startedAtMs);
        isSending = false;
      }, measureMs);
    }, warmUpMs);
  });
}

/**
 * Sends one message after the other.
 *
 * @returns the time from sending to acknowledgement of each, in milliseconds, without those of the warm-up
 */
export async function oneAtATime(warmUp: number, count: number, send: (done: () => void) => void): Promise<number[]> {
  const elapsedMs: number[] = [];
  for (let index = 0; index < warmUp + count; index++) {
    const sentAtMs = performance.now();
    await new Promise<void>((resolve) => send(resolve));
    if (index >= warmUp) elapsedMs.push(performance.now() - sentAtMs);
  }
  return elapsedMs;
}
