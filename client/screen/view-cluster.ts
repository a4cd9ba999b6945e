import type { LocalServer } from '../../shared/local-servers.ts';
import { actionsFor, clusterOf, type ServerRow, serverRows } from './cluster-panel.ts';
import type { FailOver } from './fail-over.ts';
import type { ScreenState } from './model.ts';
import type { PanelOf } from './panels.ts';
import { safeLine } from './safe-lines.ts';
import { fitLine, type Line, type Look, span } from './spans.ts';
import { padText, textWidth, wrapText } from './text-width.ts';
import { asSeconds, count } from './words.ts';

const BAR_CELLS = 10;
/** Operations that a full bar lags behind the first. */
const BAR_FULL = 1000;
const ACTION_WORDS = { kill: 'k kills', pause: 'p pauses', resume: 'r resumes', restart: 's starts' } as const;

/** Servers with their roles, how far each is, and the latest fail-overs. */
export function clusterPanelLines(
  state: ScreenState,
  panel: PanelOf<'cluster'>,
  width: number,
  height: number,
): Line[] {
  const cluster = clusterOf(state);
  const servers = serverRows(state);
  const title = cluster
    ? `View ${cluster.view}: ${count(cluster.members.length, 'server')} of ${cluster.replicationFactor} hold everything`
    : 'No server is reached, so nothing is known of the others.';
  const warning = cluster?.warning
    ? wrapText(safeLine(cluster.warning), width).map((row): Line => [span(row, 'warning')])
    : [];
  const highest = Math.max(0, ...servers.map((one) => one.local?.commit ?? 0));
  const connected = state.connection.phase === 'connected' ? state.connection.server : '';
  const longest = Math.max(8, ...servers.map((one) => textWidth(safeLine(one.address))));
  const addressWidth = Math.min(longest, Math.max(8, Math.floor(width / 3)));
  const hasControl = state.localServers !== null;
  const rows = servers.map((one, index) =>
    serverLine(one, { addressWidth, connected, highest, selected: hasControl && index === panel.selected }),
  );
  const room = Math.max(1, height - rows.length - warning.length - 6);
  const lines: Line[] = [
    [span(title, 'strong')],
    ...warning,
    [],
    ...rows,
    ...(hasControl ? [controlLine(servers[panel.selected]?.local ?? null, panel.killArmed)] : []),
    [],
    ...failOverLines(state, room),
  ];
  return lines.slice(0, height).map((line) => fitLine(line, width));
}

interface Around {
  readonly addressWidth: number;
  readonly connected: string;
  readonly highest: number;
  readonly selected: boolean;
}

function serverLine({ address, role, local }: ServerRow, { addressWidth, connected, highest, selected }: Around): Line {
  const isThere = role !== 'away' && local?.state !== 'stopped' && local?.state !== 'paused';
  const sign = span(isThere ? ' ● ' : ' ○ ', isThere ? (role === 'primary' ? 'good' : 'plain') : 'bad');
  const roleLook: Look = role === 'primary' ? 'good' : role === 'away' ? 'bad' : 'plain';
  const words = [
    ...(local && local.state !== 'running' ? [local.state] : []),
    ...(address === connected ? ['you'] : []),
  ].join(' · ');
  return [
    sign,
    span(padText(safeLine(address), addressWidth), selected ? 'selected' : 'plain'),
    span(` ${padText(role, 8)} `, roleLook),
    ...progress(local, highest),
    span(words, 'dim'),
  ];
}

/** How far a server is, and how far behind the one that is furthest, on a logarithmic scale. */
function progress(local: LocalServer | null, highest: number): Line {
  if (local?.commit === undefined) return [];
  const lag = highest - local.commit;
  const share = Math.min(1, Math.log10(1 + lag) / Math.log10(1 + BAR_FULL));
  const filled = BAR_CELLS - Math.ceil(share * BAR_CELLS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
  const words = lag === 0 ? `${local.commit}` : `${lag} behind`;
  return [span(bar, lag === 0 ? 'good' : 'warning'), span(` ${words} `)];
}

function controlLine(server: LocalServer | null, killArmed: boolean): Line {
  if (!server) return [span('   ↑↓ choose', 'dim')];
  if (killArmed) return [span(`   k again kills ${safeLine(server.address)}`, 'bad')];
  const actions = actionsFor(server).map((action) => ACTION_WORDS[action]);
  return [span(`   ${['↑↓ choose', ...actions].join(' · ')}`, 'dim')];
}

function failOverLines(state: ScreenState, room: number): Line[] {
  const { failOvers } = state;
  if (failOvers.length === 0) return [[span('No fail-over since the start.', 'dim')]];
  const shown = failOvers.slice(-Math.max(1, room - 1)).reverse();
  return [[span('Fail-overs and how long nobody answered', 'strong')], ...shown.map((one) => failOverLine(state, one))];
}

function failOverLine(state: ScreenState, { atMs, from, to, silenceMs }: FailOver): Line {
  const way = from === to ? `back at ${safeLine(to)}` : `${safeLine(from)} → ${safeLine(to)}`;
  return [
    span(` ${state.calendar.exactTime(atMs)}  `, 'dim'),
    span(padText(asSeconds(silenceMs), 9), silenceMs < 1000 ? 'good' : 'warning'),
    span(way),
  ];
}
