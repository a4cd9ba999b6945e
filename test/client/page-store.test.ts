import { describe, expect, it, vi } from 'vitest';
import { type PageSurroundings, pageStore, pageStoreIn } from '../../client/page-store.ts';

const MESSAGE = { request: 1, from: 'ana', to: 'bob', body: 'hi', typedAt: 1 };
const TOLD = { id: 'a1', position: 7, from: 'bob', to: 'ana', body: 'x'.repeat(100), at: 1 };

/** What a tab keeps from one page to the next, and the page that is in it. */
class Tab {
  readonly items: Map<string, string>;
  readonly reload = vi.fn();
  roomFor = Number.POSITIVE_INFINITY;
  #listeners: [event: string, listener: (event: { persisted: boolean }) => void][] = [];

  constructor(items: ReadonlyMap<string, string> = new Map()) {
    this.items = new Map(items);
  }

  get page(): PageSurroundings {
    return {
      sessionStorage: {
        getItem: (key) => this.items.get(key) ?? null,
        removeItem: (key) => void this.items.delete(key),
        setItem: (key, value) => {
          if (value.length > this.roomFor) throw new Error('QuotaExceededError');
          this.items.set(key, value);
        },
      },
      addEventListener: (event, listener) => void this.#listeners.push([event, listener]),
      location: { reload: this.reload },
    };
  }

  /** The page goes, or comes back as it was. */
  happens(event: 'pagehide' | 'pageshow', persisted = false): void {
    for (const [name, listener] of this.#listeners) if (name === event) listener({ persisted });
  }

  /** The page is left for good, and another one is opened in the tab. */
  leave(): void {
    this.happens('pagehide');
    this.#listeners = [];
  }
}

describe('the store of a web page', () => {
  it('has after a reload what it had: the log-in, the outbox, what was told; and no number is used twice', async () => {
    const tab = new Tab();
    const before = pageStoreIn(tab.page, 'chat');
    const number = before.takeNumber();
    before.markKnown();
    before.saveSession({ username: 'ana', token: '5.secret' });
    before.saveCluster({ id: 'c', epoch: 0 });
    await before.addToOutbox(MESSAGE);
    before.tell({ message: TOLD });
    before.saveReceived(7);
    before.saveReadMark({ with: 'bob', position: 7 });
    tab.leave();
    // Scripts of a page that is being left may still run.
    const late = before.takeNumber();

    const after = pageStoreIn(tab.page, 'chat');
    expect(after).toMatchObject({
      clientId: before.clientId,
      known: true,
      session: { username: 'ana', token: '5.secret' },
      cluster: { id: 'c', epoch: 0 },
      outbox: [MESSAGE],
      told: 7,
      received: 7,
      readMarks: [{ with: 'bob', position: 7 }],
    });
    expect(after.history(10)).toEqual([TOLD]);
    expect(after.takeNumber()).toBeGreaterThan(Math.max(number, late));
  });

  it('is another client in a tab that was copied, and in a tab that has something else under the name', () => {
    const tab = new Tab();
    const store = pageStoreIn(tab.page, 'chat');
    expect(pageStoreIn(new Tab(tab.items).page, 'chat').clientId).not.toBe(store.clientId);
    for (const other of ['null', '7', '{', '{}']) {
      expect(pageStoreIn(new Tab(new Map([['chat', other]])).page, 'chat').outbox).toEqual([]);
    }
  });

  it('goes on in a page that the browser had kept, unless another page took what it left: then that one is loaded anew', () => {
    const tab = new Tab();
    pageStoreIn(tab.page, 'chat');
    tab.happens('pagehide', true);
    tab.happens('pageshow', true);
    expect([tab.reload.mock.calls.length, tab.items.size]).toEqual([0, 0]);
    tab.happens('pagehide', true);
    pageStoreIn({ ...tab.page, addEventListener: () => {} }, 'chat');
    tab.happens('pageshow', true);
    expect(tab.reload).toHaveBeenCalledTimes(1);
  });

  it('leaves what was told when there is no room for it, as the servers have that, and keeps the outbox', async () => {
    const tab = new Tab();
    const before = pageStoreIn(tab.page, 'chat');
    await before.addToOutbox(MESSAGE);
    for (let position = 1; position <= 100; position++) before.tell({ message: { ...TOLD, position } });
    tab.roomFor = 5000;
    tab.leave();
    const after = pageStoreIn(tab.page, 'chat');
    expect([after.outbox, after.history(10), after.told]).toEqual([[MESSAGE], [], 100]);
  });

  it('says where there is no page', () => {
    expect(() => pageStore()).toThrow('use folderStore in Node');
  });
});
