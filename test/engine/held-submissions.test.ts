import { describe, expect, it } from 'vitest';
import type { Submission } from '../../server/engine/engine.ts';
import { HeldSubmissions } from '../../server/engine/held-submissions.ts';
import type { ClientId } from '../../shared/ids.ts';

const WHY = { code: 'unavailable', message: 'There is no primary at the moment.', definite: true } as const;

function submission(client: string, request: number): Submission {
  const asked = `["message:send",${request}]`;
  return {
    client: client as ClientId,
    request,
    known: true,
    event: 'message:send',
    account: '',
    subject: '',
    body: '',
    asked,
  };
}

describe('requests that are held during a view change', () => {
  it('R18: when one has waited too long, what its client asked later is refused with it; others are held on', () => {
    const held = new HeldSubmissions();
    const refused: string[] = [];
    const hold = (client: string, request: number, untilMs: number) =>
      held.add(submission(client, request), (result) => !result.ok && refused.push(`${client} ${request}`), untilMs);
    hold('ana', 1, 100);
    hold('bob', 1, 110);
    hold('ana', 2, 120);
    held.refuse(105, false, () => WHY);
    expect(refused).toEqual(['ana 1', 'ana 2']);
    expect(held.take(true).map(({ submission: { client, request } }) => `${client} ${request}`)).toEqual(['bob 1']);
  });

  it('nothing is refused before its time', () => {
    const held = new HeldSubmissions();
    held.add(submission('ana', 1), () => expect.unreachable(), 100);
    held.refuse(99, false, () => WHY);
    expect(held.isEmpty).toBe(false);
  });
});
