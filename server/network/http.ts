import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ServerStatus } from '../../shared/api.ts';
import type { Engine } from '../engine/engine.ts';
import type { Metrics } from './metrics.ts';

const PATHS = ['/healthz', '/readyz', '/metrics', '/status'] as const;

/** What a server's status says of its files. */
export type FolderStatus = Pick<ServerStatus, 'quarantine' | 'copies' | 'damage'>;

interface Page {
  status: number;
  contentType: string;
  text: string;
}

/**
 * Answers the plain HTTP requests of the port: `GET /healthz`, `/readyz`, `/metrics`, `/status`.
 * Socket.IO takes its own paths before this listener sees them.
 *
 * @param metrics absent where nothing is counted
 * @param folder looks up what is to be said of the server's files; absent where nothing is kept in files
 */
export function createHttpListener(
  engine: Pick<Engine, 'status'>,
  metrics: Metrics | undefined,
  folder?: () => Promise<FolderStatus>,
): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (!PATHS.includes(path as (typeof PATHS)[number])) {
      send(request, response, plain(404, `There is nothing at ${path.slice(0, 100)}; there is ${PATHS.join(', ')}.`));
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(request, response, plain(405, `${request.method} is not possible at ${path}; use GET.`));
      return;
    }
    answer(path, engine, metrics, folder).then(
      (page) => send(request, response, page),
      (error: unknown) => send(request, response, plain(500, `The answer could not be made: ${String(error)}`)),
    );
  };
}

async function answer(
  path: string,
  engine: Pick<Engine, 'status'>,
  metrics: Metrics | undefined,
  folder: (() => Promise<FolderStatus>) | undefined,
): Promise<Page> {
  switch (path) {
    case '/healthz':
      return plain(200, 'alive');
    case '/readyz':
      return readiness(engine);
    case '/metrics':
      if (!metrics) return plain(503, 'There is nothing to count yet.');
      return { status: 200, contentType: metrics.registry.contentType, text: await metrics.registry.metrics() };
    default:
      return status(engine, await folder?.());
  }
}

function status(engine: Pick<Engine, 'status'>, folder: FolderStatus | undefined): Page {
  const text = `${JSON.stringify({ ...engine.status(), ...folder })}\n`;
  return { status: 200, contentType: 'application/json; charset=utf-8', text };
}

function readiness(engine: Pick<Engine, 'status'>): Page {
  const { role, waitingFor } = engine.status();
  const inView = role === 'primary' || role === 'backup' || role === 'witness';
  if (inView && waitingFor === '') return plain(200, `ready: ${role}`);
  return plain(503, waitingFor === '' ? `not ready: ${role}, not in the view` : `not ready: ${role}, ${waitingFor}`);
}

function plain(status: number, sentence: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', text: `${sentence}\n` };
}

function send(request: IncomingMessage, response: ServerResponse, page: Page): void {
  if (response.destroyed) return;
  response.writeHead(page.status, {
    'content-type': page.contentType,
    'content-length': Buffer.byteLength(page.text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : page.text);
}
