import type { Passwords } from '../../server/network/passwords.ts';
import type { Random } from '../../shared/random.ts';
import type { Life } from './life.ts';

const PASSWORD_MS = 5;

/** Passwords that cost a little time and nothing else. */
export function quickPasswords(life: Life, random: Random): Passwords {
  const later = <T>(value: T): Promise<T> =>
    new Promise((resolve) => {
      life.after(PASSWORD_MS * random.fraction(), () => {
        life.world.isTouched = true;
        resolve(value);
      });
    });
  return {
    hash: (password) => later(`plain ${password}`),
    verify: (password, stored) => later(stored === `plain ${password}`),
    close: () => Promise.resolve(),
  };
}

/** 32 hexadecimal digits. */
export function nonceOf(random: Random): string {
  const digits = () => random.uint32().toString(16).padStart(8, '0');
  return `${digits()}${digits()}${digits()}${digits()}`;
}
