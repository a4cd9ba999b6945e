import { afterAll, describe, expect, it } from 'vitest';
import { PasswordsBusy, startPasswords, unmatchableHash } from '../../server/network/passwords.ts';

const passwords = startPasswords({ workers: 1 });
afterAll(() => passwords.close());

describe('passwords', () => {
  it('verify against their own hash and no other', async () => {
    const stored = await passwords.hash('correct horse');
    expect(stored).toMatch(/^scrypt\$16384\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(await passwords.verify('correct horse', stored)).toBe(true);
    expect(await passwords.verify('correct horsE', stored)).toBe(false);
  });

  it('are salted: the same password never hashes to the same text', async () => {
    expect(await passwords.hash('correct horse')).not.toBe(await passwords.hash('correct horse'));
  });

  it('are compared by their NFKC form', async () => {
    const stored = await passwords.hash('caf\u00e9 \ufb01ne');
    expect(await passwords.verify('cafe\u0301 fine', stored)).toBe(true);
  });

  it.each([
    '',
    'plain',
    'scrypt$16384$8$1$salt',
    'scrypt$16383$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'scrypt$67108864$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  ])('never verify against what is no hash of ours: %j', async (stored) => {
    expect(await passwords.verify('correct horse', stored)).toBe(false);
  });

  it('never verify against the hash that stands for a missing account', async () => {
    expect(await passwords.verify('', unmatchableHash())).toBe(false);
  });

  it('turn away those who come while too many wait, and serve those who waited', async () => {
    const small = startPasswords({ workers: 1, waitingMax: 2 });
    const first = small.hash('first');
    const waiting = [small.hash('second'), small.hash('third')];
    await expect(small.hash('fourth')).rejects.toThrow(PasswordsBusy);
    const hashes = await Promise.all([first, ...waiting]);
    expect(new Set(hashes).size).toBe(3);
    await small.close();
    await expect(small.hash('late')).rejects.toThrow(PasswordsBusy);
  });

  it('reject those who wait when they are closed', async () => {
    const closing = startPasswords({ workers: 1 });
    const results = Promise.allSettled([closing.hash('one'), closing.hash('two')]);
    await closing.close();
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
