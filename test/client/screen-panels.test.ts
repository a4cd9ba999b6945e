import { describe, expect, it } from 'vitest';
import { UI_COMMANDS } from '../../client/screen/ui-commands.ts';
import { success } from '../../shared/errors.ts';
import { connectedTo } from '../support/fake-chat.ts';
import { ScreenDriver } from '../support/screen-driver.ts';

function loggedIn(): ScreenDriver {
  const driver = new ScreenDriver();
  driver.enter();
  driver.type('/to bob');
  driver.key('enter');
  return driver;
}

function run(driver: ScreenDriver, line: string): void {
  driver.type(line);
  driver.key('enter');
}

describe('the servers', () => {
  it('are shown with their roles, and each fail-over with the silence that was measured', () => {
    const driver = loggedIn();
    driver.event({ type: 'moved', from: 'localhost:1538', to: 'localhost:2538', silenceMs: 214 });
    const members = ['localhost:2538', 'localhost:3538'];
    driver.event({
      type: 'connection',
      state: connectedTo('localhost:2538', { view: 4, members, warning: 'Only two.' }),
    });
    run(driver, '/cluster');
    expect(driver.text).toContain('View 4: 2 servers of 3 hold everything');
    expect(driver.text).toMatch(/● localhost:2538 primary +you/);
    expect(driver.text).toMatch(/● localhost:3538 backup/);
    expect(driver.text).toMatch(/○ localhost:1538 away/);
    expect(driver.text).toMatch(/12:00:00 +0\.2 s +localhost:1538 → localhost:2538/);
    driver.key('k');
    expect(driver.effects.some((one) => one.type === 'control')).toBe(false);
  });

  it('can be paused, and killed with two presses, where whoever runs them allows it', () => {
    const driver = loggedIn();
    const local = (address: string, commit: number, state: 'running' | 'stopped' = 'running') => ({
      address,
      state,
      commit,
    });
    const servers = [
      local('localhost:1538', 1000),
      local('localhost:2538', 900),
      local('localhost:3538', 5, 'stopped'),
    ];
    driver.input({ type: 'local-servers', servers });
    driver.key('f2');
    expect(driver.text).toMatch(/localhost:1538 primary +█{10} 1000/);
    expect(driver.text).toMatch(/localhost:2538 backup +█+░+ 100 behind/);
    driver.key('down');
    driver.type('k');
    expect(driver.text).toContain('k again kills localhost:2538');
    driver.key('up');
    driver.type('k');
    driver.type('p');
    driver.key('down');
    driver.type('k');
    driver.type('k');
    driver.key('down');
    driver.type('s');
    expect(driver.effects.filter((one) => one.type === 'control')).toEqual([
      { type: 'control', action: 'pause', address: 'localhost:1538' },
      { type: 'control', action: 'kill', address: 'localhost:2538' },
      { type: 'control', action: 'restart', address: 'localhost:3538' },
    ]);
  });
});

describe('a list from the servers', () => {
  it('goes on with the next page at its end, and Enter joins a room', () => {
    const driver = loggedIn();
    run(driver, '/rooms #r*');
    const room = (number: number) => ({ name: `#r${number}`, topic: '', owner: 'eve', members: 1 });
    const answer = (from: number, more: boolean): void => {
      const effect = driver.effects.findLast((one) => one.type === 'rooms')!;
      const rooms = [room(from), room(from + 1)];
      driver.input({ type: 'answered', answer: { effect, result: success({ rooms, more }) } });
    };
    answer(1, true);
    expect(driver.text).toContain('The first 2 rooms matching #r*');
    driver.key('down');
    expect(driver.effects.at(-1)).toEqual({ type: 'rooms', pattern: '#r*', after: '#r2' });
    answer(3, false);
    expect(driver.text).toContain('4 rooms matching #r*');
    driver.key('page-down');
    driver.key('enter');
    expect(driver.effects.at(-1)).toEqual({ type: 'request', request: { call: 'join-room', room: '#r4' } });
    expect(driver.state.panel).toBeNull();
  });

  it('what cannot be undone is asked about first', () => {
    const driver = loggedIn();
    run(driver, '/logout-everywhere');
    driver.key('escape');
    expect(driver.effects.some((one) => one.type === 'request')).toBe(false);
    run(driver, '/logout-everywhere');
    driver.key('enter');
    expect(driver.effects.at(-1)).toEqual({ type: 'request', request: { call: 'log-out-everywhere' } });
  });
});

describe('Tab', () => {
  it('completes commands, names, rooms and mentions, those in the room first', () => {
    const driver = loggedIn();
    const lobby = { name: '#lobby', topic: '', owner: 'bob', members: 2 };
    driver.event({ type: 'room-changed', room: lobby });
    driver.deliver('dora', 'ana', 'hi');
    run(driver, '/to #lobby');
    const effect = driver.effects.findLast((one) => one.type === 'members')!;
    const members = [{ username: 'dave', online: true }];
    driver.input({ type: 'answered', answer: { effect, result: success({ members, more: false }) } });
    const completes = (typed: string, ...expected: string[]): void => {
      driver.type(typed);
      for (const text of expected) {
        driver.key('tab');
        expect(driver.composer).toBe(text);
      }
      driver.key('ctrl+u');
    };
    completes('/joi', '/join ');
    completes('/join lo', '/join #lobby ');
    completes('ask d', 'ask dave ', 'ask dora ', 'ask dave ');
    completes('@D', '@dave ');
    completes('see #l', 'see #lobby ');
    completes('/remove da', '/remove dave ');
  });
});

describe('keys', () => {
  it('do what the settings say, and the help says the same', () => {
    const driver = loggedIn();
    const { settings } = driver.state;
    const bindings = { ...settings.bindings, 'alt+x': 'find', 'ctrl+k': 'none' } as const;
    driver.state = { ...driver.state, settings: { ...settings, bindings } };
    driver.key('ctrl+k');
    expect(driver.state.panel).toBeNull();
    driver.key('alt+x');
    expect(driver.state.panel?.kind).toBe('search');
    driver.key('escape');
    driver.input({ type: 'resize', columns: 200, rows: 100 });
    driver.key('f1');
    expect(driver.text).toContain('Ctrl+F Alt+X');
    expect(driver.text).not.toContain('Ctrl+K');
    for (const command of UI_COMMANDS) expect(driver.text).toContain(command);
  });

  it('Alt+U brings the first message that was new to the top, Alt+A goes to who named the user first', () => {
    const driver = loggedIn();
    for (let number = 1; number <= 60; number++) driver.deliver('carol', 'ana', `number ${number}.`);
    driver.deliver('dora', 'ana', 'hey ana');
    driver.deliver('eve', 'ana', 'hi');
    const opened = (): string | null => {
      driver.key('alt+a');
      return driver.state.open;
    };
    expect([opened(), opened()]).toEqual(['dora', 'carol']);
    expect(driver.text).not.toContain('number 1.');
    driver.key('alt+u');
    expect(driver.text).toContain('number 1.');
    expect(driver.text).toMatch(/4\d messages below/);
  });
});
