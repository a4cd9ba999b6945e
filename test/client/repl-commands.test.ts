import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseReplLine, replHelpLines } from '../../client/repl-commands.ts';

describe('lines of the line mode', () => {
  it('take verbs in capitals and small letters, of one word or two, as the help shows them', () => {
    const cases: [string, object][] = [
      ['CREATE ana a-password', { type: 'create', username: 'ana', password: 'a-password' }],
      ['login ana a-password', { type: 'login', username: 'ana', password: 'a-password' }],
      ['  Send bob  it is  fine ', { type: 'send', to: 'bob', body: 'it is  fine ' }],
      ['send #room \'quoted\' "too"', { type: 'send', to: '#room', body: '\'quoted\' "too"' }],
      ['REPLY 0f that is it', { type: 'reply', id: '0f', body: 'that is it' }],
      ['EDIT 0f that  was it', { type: 'edit', id: '0f', body: 'that  was it' }],
      ['DELETE 0f', { type: 'delete', id: '0f' }],
      ['REACT 0f +1', { type: 'react', id: '0f', reaction: '+1' }],
      ['unreact 0f +1', { type: 'unreact', id: '0f', reaction: '+1' }],
      ['MESSAGE 0f', { type: 'message', id: '0f' }],
      ['history', { type: 'history' }],
      ['history bob', { type: 'history', with: 'bob' }],
      ['SEARCH two words', { type: 'search', text: 'two words' }],
      ['SEARCH-WITH #room two words', { type: 'search', with: '#room', text: 'two words' }],
      ['CONVERSATIONS', { type: 'conversations' }],
      ['READ #room', { type: 'read', with: '#room' }],
      ['list', { type: 'list' }],
      ['LIST a?c*', { type: 'list', pattern: 'a?c*' }],
      ['ROOM LIST', { type: 'room-list' }],
      ['room  list u*', { type: 'room-list', pattern: 'u*' }],
      ['ROOM CREATE #room', { type: 'room-create', room: '#room' }],
      ['ROOM CREATE #room of two words', { type: 'room-create', room: '#room', topic: 'of two words' }],
      ['ROOM JOIN #room', { type: 'room-join', room: '#room' }],
      ['ROOM LEAVE #room', { type: 'room-leave', room: '#room' }],
      ['ROOM TOPIC #room', { type: 'room-topic', room: '#room' }],
      ['Room Topic #room two words', { type: 'room-topic', room: '#room', topic: 'two words' }],
      ['ROOM MEMBERS #room', { type: 'room-members', room: '#room' }],
      ['ROOM REMOVE #room bob', { type: 'room-remove', room: '#room', username: 'bob' }],
      ['ROOM READMIT #room bob', { type: 'room-readmit', room: '#room', username: 'bob' }],
      ['ROOM DELETE #room', { type: 'room-delete', room: '#room' }],
      ['BLOCK bob', { type: 'block', username: 'bob' }],
      ['UNBLOCK bob', { type: 'unblock', username: 'bob' }],
      ['SETTINGS', { type: 'settings' }],
      ['NAME', { type: 'name' }],
      ['NAME Ana Maria', { type: 'name', displayName: 'Ana Maria' }],
      ['PASSWORD old-one new-one', { type: 'password', password: 'old-one', newPassword: 'new-one' }],
      ['logout', { type: 'logout' }],
      ['LOGOUT-EVERYWHERE', { type: 'logout-everywhere' }],
      ['DELETE-ACCOUNT a-password', { type: 'delete-account', password: 'a-password' }],
      ['SET not-judged-here {"a": [1, 2]}', { type: 'document-set', key: 'not-judged-here', json: '{"a": [1, 2]}' }],
      ["set key '\"it's\"' ", { type: 'document-set', key: 'key', json: "'\"it's\"' " }],
      ['Get key', { type: 'document-get', key: 'key' }],
      ['DELETE 0f-is-no-id-of-a-message', { type: 'document-delete', key: '0f-is-no-id-of-a-message' }],
      ['status', { type: 'status' }],
      ['HELP', { type: 'help' }],
      ['QUIT', { type: 'quit' }],
    ];
    for (const [line, value] of cases) expect(parseReplLine(line)).toEqual({ ok: true, value });
    const types = cases.map(([, value]) => (value as { type: string }).type);
    for (const line of replHelpLines()) {
      const typed = parseReplLine(line.split(/ {2,}/)[0]!.replace(/ \[[A-Z]+\]/g, ''));
      expect(types).toContain(typed.ok ? typed.value.type : line);
    }
  });

  it('take passwords with spaces in quotes of either kind, and others as they stand', () => {
    const passwords: [string, string][] = [
      ["'correct horse battery'", 'correct horse battery'],
      ['"it\'s a horse"', "it's a horse"],
      ['\'a "horse"\'', 'a "horse"'],
      ["it's-a-horse", "it's-a-horse"],
      ["'unclosed", "'unclosed"],
    ];
    for (const [typed, password] of passwords) {
      const command = { type: 'login', username: 'ana', password };
      expect(parseReplLine(`LOGIN ana ${typed}`)).toEqual({ ok: true, value: command });
    }
    const changed = { type: 'password', password: 'the old one', newPassword: 'the new one' };
    expect(parseReplLine('PASSWORD \'the old one\' "the new one"  ')).toEqual({ ok: true, value: changed });
  });

  it('that are wrong name what is wrong, and the nearest verb', () => {
    const wrong: [string, string][] = [
      ['SEDN bob hi', 'did you mean SEND?'],
      ['ROOM JION #room', 'did you mean ROOM JOIN?'],
      ['ROOM', 'There is no command "ROOM"; HELP lists them.'],
      ['XYZZY', 'There is no command "XYZZY"; HELP lists them.'],
      ['LOGIN ana', 'PASSWORD is missing: LOGIN USER PASSWORD'],
      ['LOGIN ana correct horse', '"horse" is too much: LOGIN USER PASSWORD'],
      ['ROOM JOIN', 'ROOM is missing: ROOM JOIN ROOM'],
    ];
    for (const [line, message] of wrong) {
      expect(parseReplLine(line)).toMatchObject({ ok: false, error: { message: expect.stringContaining(message) } });
    }
  });

  it('never make the parser fail', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const result = parseReplLine(text);
        if (!result.ok) expect(result.error.message.length).toBeGreaterThan(0);
      }),
    );
  });
});
