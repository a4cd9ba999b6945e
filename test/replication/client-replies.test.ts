import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientReplies, type RememberedReply } from '../../server/replication/client-replies.ts';

const REFUSED_WAYS = [
  '',
  'no-such-account',
  'no-such-message',
  'no-such-room',
  'username-taken',
  'room-taken',
  'not-a-member',
  'blocked',
  'limit-reached',
  'forbidden',
  'not-logged-in',
] as const;

describe('remembered replies', () => {
  it('are what a list of them is, whatever their digests look like and however many are dropped', () => {
    const step = fc.record({
      gap: fc.integer({ min: 1, max: 3 }),
      asked: fc.oneof(
        fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 16, maxLength: 16 }),
        fc.string({ maxLength: 17 }),
      ),
      refused: fc.constantFrom(...REFUSED_WAYS),
      drops: fc.boolean(),
    });
    const property = fc.property(fc.array(step, { maxLength: 300, size: 'max' }), fc.nat(), (steps, copiedAt) => {
      const replies = new ClientReplies();
      let list: RememberedReply[] = [];
      let request = 0;
      let copy: [ClientReplies, RememberedReply[]] | undefined;
      for (const [index, { gap, asked, refused, drops }] of steps.entries()) {
        request += gap;
        const reply = {
          request,
          asked,
          outcome: { position: 2 ** 40 + index, at: 1.7e12 + index, refused },
        } as RememberedReply;
        replies.push(reply);
        list.push(reply);
        if (drops && list.length > 2) {
          replies.dropOldest();
          list = list.slice(1);
        }
        if (index === copiedAt % steps.length) copy = [replies.copy(), [...list]];
      }
      expect([...replies]).toEqual(list);
      expect(replies.oldest).toBe(list[0]?.request);
      for (let sought = 0; sought <= request + 1; sought++) {
        expect(replies.find(sought)).toEqual(list.find((one) => one.request === sought));
      }
      if (copy) expect([...copy[0]]).toEqual(copy[1]);
    });
    fc.assert(property, { seed: 1538, numRuns: 60 });
  });
});
