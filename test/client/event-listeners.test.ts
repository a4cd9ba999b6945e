import { describe, expect, it, vi } from 'vitest';
import { EventListeners } from '../../client/event-listeners.ts';

const NOTICE = { type: 'notice', text: 'hear, hear' } as const;

describe('listeners of a program', () => {
  it('are called with the events of their name, in the order in which they came', () => {
    const listeners = new EventListeners();
    const heard: string[] = [];
    listeners.add('notice', ({ text }) => heard.push(`first ${text}`), false);
    listeners.add('notice', ({ text }) => heard.push(`second ${text}`), false);
    listeners.add('logged-in', ({ username }) => heard.push(username), false);
    listeners.dispatch(NOTICE);
    listeners.dispatch({ type: 'logged-in', username: 'ana' });
    expect(heard).toEqual(['first hear, hear', 'second hear, hear', 'ana']);
  });

  it('are called once if they asked for that, and not after they were taken away', () => {
    const listeners = new EventListeners();
    const [once, kept, other] = [vi.fn(), vi.fn(), vi.fn()];
    listeners.add('notice', once, true);
    listeners.add('notice', kept, false);
    listeners.add('notice', other, false);
    listeners.dispatch(NOTICE);
    listeners.remove('notice', kept);
    listeners.dispatch(NOTICE);
    listeners.remove('notice');
    listeners.dispatch(NOTICE);
    expect([once, kept, other].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 2]);
  });

  it('may come and go while they are called: that counts from the next event on', () => {
    const listeners = new EventListeners();
    const late = vi.fn();
    const leaving = (): void => {
      listeners.remove('notice', leaving);
      listeners.add('notice', late, false);
    };
    listeners.add('notice', leaving, false);
    listeners.dispatch(NOTICE);
    expect(late).not.toHaveBeenCalled();
    listeners.dispatch(NOTICE);
    expect(late).toHaveBeenCalledTimes(1);
  });

  it('that throw hinder nobody: it is an uncaught error, as in a timer', () => {
    const later: (() => void)[] = [];
    vi.stubGlobal('queueMicrotask', (task: () => void) => later.push(task));
    try {
      const listeners = new EventListeners();
      const next = vi.fn();
      const failing = (): void => {
        throw new Error('a mistake');
      };
      listeners.add('notice', failing, false);
      listeners.add('notice', next, false);
      listeners.dispatch(NOTICE);
      expect(next).toHaveBeenCalledWith(NOTICE);
      expect(later.length).toBe(1);
      expect(later[0]).toThrow('a mistake');
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
