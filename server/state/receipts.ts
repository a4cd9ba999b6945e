import { assert } from '../../shared/assert.ts';
import type { AccountId } from '../../shared/ids.ts';

/** An account has received everything up to a position. */
export interface Receipt {
  account: AccountId;
  position: number;
}

/**
 * The body of a `message:received` entry: `ACCOUNT=POSITION`, space-separated. The primary makes it, so another form
 * is a bug of this program.
 */
export function readReceipts(body: string): Receipt[] {
  if (body === '') return [];
  return body.split(' ').map((pair) => {
    const match = /^(\d{1,15})=(\d{1,15})$/.exec(pair);
    assert(match, `a receipt is ACCOUNT=POSITION, not ${JSON.stringify(pair)}`);
    return { account: match[1] as AccountId, position: Number(match[2]) };
  });
}

/** The inverse of {@link readReceipts}. */
export function formatReceipts(receipts: readonly Receipt[]): string {
  return receipts.map(({ account, position }) => `${account}=${position}`).join(' ');
}
