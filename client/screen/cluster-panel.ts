import type { Cluster } from '../../shared/api.ts';
import type { LocalServer, ServerAction } from '../../shared/local-servers.ts';
import { type Key, type ScreenState, type Step, step } from './model.ts';
import { movedByKey } from './panel-movement.ts';
import type { PanelOf } from './panels.ts';

/** A server as the panel shows it. */
export interface ServerRow {
  readonly address: string;
  readonly role: 'primary' | 'backup' | 'spare' | 'witness' | 'away';
  /** Null when it cannot be ended and started from here. */
  readonly local: LocalServer | null;
}

/** The cluster as it was told last; undefined while none was. */
export function clusterOf(state: ScreenState): Cluster | undefined {
  const { connection } = state;
  return connection.phase === 'connected' || connection.phase === 'waiting' ? connection.cluster : undefined;
}

/** All servers: those of the view in its order, then spares, witnesses, and those that are known but not there. */
export function serverRows(state: ScreenState): ServerRow[] {
  const cluster = clusterOf(state);
  const local = state.localServers ?? [];
  const members = cluster?.members ?? [];
  const roles = new Map<string, ServerRow['role']>();
  for (const address of members) roles.set(address, address === cluster?.primary ? 'primary' : 'backup');
  for (const address of cluster?.spares ?? []) roles.set(address, 'spare');
  for (const address of cluster?.witnesses ?? []) roles.set(address, 'witness');
  for (const address of [...(cluster?.known ?? []), ...local.map((one) => one.address)]) {
    if (!roles.has(address)) roles.set(address, 'away');
  }
  return [...roles].map(([address, role]) => ({
    address,
    role,
    local: local.find((one) => one.address === address) ?? null,
  }));
}

const ACTIONS: Readonly<Record<string, ServerAction>> = { k: 'kill', p: 'pause', r: 'resume', s: 'restart' };

/** Which actions make sense for a server now. */
export function actionsFor(server: LocalServer): ServerAction[] {
  switch (server.state) {
    case 'running':
      return ['kill', 'pause'];
    case 'paused':
      return ['kill', 'resume'];
    case 'stopped':
      return ['restart'];
    case 'starting':
      return [];
  }
}

/** A key while the cluster is shown; what ends a server has to be pressed twice. */
export function onClusterKey(state: ScreenState, panel: PanelOf<'cluster'>, key: Key): Step {
  const rows = serverRows(state);
  const selected = movedByKey(panel.selected, key, rows.length, Math.max(0, rows.length - 1));
  if (selected !== undefined) return step({ ...state, panel: { ...panel, selected, killArmed: false } });
  const server = rows[panel.selected]?.local;
  const action = key.type === 'text' ? ACTIONS[key.text] : undefined;
  const idle: ScreenState = { ...state, panel: { ...panel, killArmed: false } };
  if (key.type === 'named' && (key.name === 'enter' || key.name === 'f2')) return step({ ...state, panel: null });
  if (!server || !action || !actionsFor(server).includes(action)) return step(idle);
  if (action === 'kill' && !panel.killArmed) return step({ ...state, panel: { ...panel, killArmed: true } });
  return step(idle, { type: 'control', action, address: server.address });
}
