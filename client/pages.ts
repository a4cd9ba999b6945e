import { type Result, success } from '../shared/errors.ts';

/**
 * Takes in all pages of a list.
 *
 * @param ask for the page after an item; without one, for the first
 * @param itemsOf a page, in order
 * @param nameOf an item, as the next page is asked for with
 * @returns the error that ended it, if one did
 */
export async function eachPage<P extends { more: boolean }, I>(
  ask: (after: string | undefined) => Promise<Result<P>>,
  itemsOf: (page: P) => readonly I[],
  nameOf: (item: I) => string,
  take: (item: I) => void,
): Promise<Result<object>> {
  let after: string | undefined;
  for (;;) {
    const page = await ask(after);
    if (!page.ok) return page;
    const items = itemsOf(page.value);
    for (const item of items) take(item);
    const last = items.at(-1);
    if (!page.value.more || last === undefined) return success({});
    after = nameOf(last);
  }
}
