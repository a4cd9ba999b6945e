/**
 * The first index at which `isAtOrAfter` holds, in a list where it fails for a while and holds from then on;
 * `length` when it never holds. Takes time proportional to the logarithm of `length`.
 */
export function firstIndexWhere(length: number, isAtOrAfter: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAtOrAfter(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
