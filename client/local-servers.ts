import { type LocalServer, localServersSchema, type ServerAction } from '../shared/local-servers.ts';

/** The servers that `server start` runs beside this chat, and what can be done to them from here. */
export interface ClusterControl {
  readonly servers: readonly LocalServer[];
  /** @returns ends the subscription */
  onChange(listener: () => void): () => void;
  act(address: string, action: ServerAction): void;
}

/** Undefined when this chat was not opened by `server start`. */
export function clusterControl(): ClusterControl | undefined {
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
    act(address, action) {
      if (process.connected) process.send?.({ action, address });
    },
  };
}
