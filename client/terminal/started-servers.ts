import { type Result, refusal, success } from '../../shared/errors.ts';
import { type LocalServer, localServersSchema } from '../../shared/local-servers.ts';
import type { ClusterControl } from './cluster-control.ts';

/** The servers that `server start` runs beside this chat; undefined when the chat was opened by itself. */
export function startedServers(): ClusterControl | undefined {
  if (process.send === undefined) return undefined;
  let servers: readonly LocalServer[] = [];
  const listeners = new Set<() => void>();
  const take = (now: readonly LocalServer[]): void => {
    servers = now;
    for (const listener of [...listeners]) listener();
  };
  process.on('message', (message) => {
    const told = localServersSchema.safeParse(message);
    if (told.success) take(told.data.localServers);
  });
  process.on('disconnect', () => take([]));
  // The chat ends when its user leaves, not when nobody is there any more to be told about.
  process.channel?.unref();
  return {
    get servers() {
      return servers;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async control(action, address): Promise<Result<object>> {
      if (!process.connected) {
        return refusal('unavailable', 'The program that started the servers has ended; end them by their process ids.');
      }
      process.send?.({ action, address });
      return success({});
    },
  };
}
