import { expect, it } from 'vitest';
import { CLIENT_COVERAGE, noteClients } from './client-coverage.ts';
import { Coverage } from './coverage.ts';
import { Recording } from './recording.ts';

it('what clients met is noted by request, answer, refusal and what they were told', () => {
  const run = new Recording();
  run.create('a', 'ana');
  run.done('a', 'room:create', { room: '#den' });
  run.tell('a', run.send('a', '#den', 'hi'));
  run.refuse(run.ask('a', 'room:join', { room: '#hall' }), 'no-such-room');
  run.refuse(run.ask('a', 'room:join', { room: '#hall' }), 'unavailable');
  const coverage = new Coverage();
  noteClients(coverage, run.events, run.entries);
  expect(coverage.counts).toEqual({
    'request account:create: done': 1,
    'request room:create: done': 1,
    'request message:send: done': 1,
    'request room:join: refused with no-such-room': 1,
    'client told: message': 1,
    'log account:create': 1,
    'log room:create': 1,
    'log message:send': 1,
  });
  expect(Object.keys(coverage.counts).filter((what) => !CLIENT_COVERAGE.includes(what))).toEqual([]);
});
