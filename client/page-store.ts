import { type MemoryState, MemoryStore } from './memory-store.ts';
import { realRandom } from './real-clock.ts';
import { randomClientId } from './starting-over.ts';
import type { ClientStore } from './store.ts';

/** What may have been numbered after the page was left, while its scripts still ran, is not numbered so again. */
const NUMBERS_SKIPPED = 1000;

/** What a page has for this. */
export interface PageSurroundings {
  sessionStorage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
  };
  addEventListener(event: 'pagehide' | 'pageshow', listener: (event: { persisted: boolean }) => void): void;
  location: { reload(): void };
}

/**
 * A store for web pages: what was sent and not acknowledged, who is logged in, and what was told are still there when the page is
 * reloaded, or left and come back to in the same tab. Each tab is a client of its own. What is kept ends with its tab, and is lost when the browser
 * dies. It is held in memory, and lies in `sessionStorage` only between one life of the page and the next, so that no
 * copy of a tab takes it for its own. (For the same reason a page that the browser kept, and shows again after another page took
 * what it had left, is loaded anew.)
 *
 * @param name tells stores apart when a page has several clients
 * @throws Error when there is no page
 */
export function pageStore(name = 'understudy'): ClientStore {
  return pageStoreIn(globalThis as unknown as Partial<PageSurroundings>, name);
}

/** See {@link pageStore}; in a page that is given. */
export function pageStoreIn(page: Partial<PageSurroundings>, name: string): ClientStore {
  const { sessionStorage } = page;
  if (!sessionStorage) {
    throw new Error(
      'pageStore keeps what it has in the sessionStorage of a page, and there is none; use folderStore in Node.',
    );
  }
  const store = storeFrom(sessionStorage.getItem(name));
  sessionStorage.removeItem(name);
  page.addEventListener?.('pagehide', () => leave(sessionStorage, name, store.state));
  page.addEventListener?.('pageshow', ({ persisted }) => {
    if (!persisted) return;
    if (sessionStorage.getItem(name)?.includes(store.clientId)) sessionStorage.removeItem(name);
    else page.location?.reload();
  });
  return store;
}

function storeFrom(left: string | null): MemoryStore {
  const state = stateFrom(left ?? 'null');
  if (!state) return new MemoryStore(randomClientId(realRandom()));
  return new MemoryStore(state.clientId, { ...state, lastNumber: state.lastNumber + NUMBERS_SKIPPED });
}

/** Undefined also for what somebody else keeps under that name. */
function stateFrom(left: string): MemoryState | undefined {
  try {
    const state = JSON.parse(left) as MemoryState | null;
    return typeof state?.lastNumber === 'number' ? state : undefined;
  } catch {
    return undefined;
  }
}

function leave(storage: PageSurroundings['sessionStorage'], name: string, state: MemoryState): void {
  try {
    storage.setItem(name, JSON.stringify(state));
  } catch {
    // There is room for some megabytes: what the servers have can be fetched from them again.
    storage.setItem(name, JSON.stringify({ ...state, messages: [] }));
  }
}
