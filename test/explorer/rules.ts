/** A rule that can be switched off, and the search that finds what it prevents. */
export interface RuleOff {
  /** The trace in PROTOCOL.md. */
  readonly name: string;
  /** The planted bug of `test/planted` that switches the rule off. */
  readonly bug: string;
  /** Bounds, as small as they may be; and invariants to be passed over, where a later one shows more. */
  readonly options: readonly string[];
  /** A guided start, where a search from the beginning would take too long. */
  readonly from?: readonly string[];
}

const words = (text: string) => text.split(' ');

/** C leads 3C = [C A B], which all accept and C installs; A and B have not heard of that. */
const INSTALLED_UNHEARD = [
  'ask C -A',
  'ask C',
  'deliver C>A ask 3C',
  'deliver C>B ask 3C',
  'deliver A>C promise 3C',
  'deliver B>C promise 3C',
  'deliver C>A propose 3C',
  'deliver C>B propose 3C',
  'deliver A>C accept 3C',
  'deliver B>C accept 3C',
  'ask B -C',
];

/** B is dead, A and w1 are half of the others and go on as [A]; then B returns and finds C and w2. */
const HALF_WITH_A_WITNESS = [
  'crash B',
  'dead A B',
  'ask A -C',
  'deliver A>w1 ask 2A',
  'deliver w1>A promise 2A',
  'deliver A>w1 propose 2A',
  'deliver w1>A accept 2A',
  'restart B',
  'meet B C',
  'meet B w2',
  'ask B',
];

export const RULES: readonly RuleOff[] = [
  { name: 'H1', bug: 'death-without-a-lease-is-clean', options: words('--numbers 2 --crashes 2 --ignore I6') },
  { name: 'H2', bug: 'promise-in-spite-of-a-grant', options: words('--numbers 2 --crashes 2 --ignore I6') },
  { name: 'H3', bug: 'next-life-votes-as-the-former', options: words('--operations 0 --numbers 2 --restarts 1') },
  {
    name: 'H4',
    bug: 'clean-deaths-name-addresses',
    options: words('--operations 0 --numbers 3 --restarts 1'),
    from: ['crash A', 'dead B A', 'restart A', 'meet A B'],
  },
  { name: 'H5', bug: 'accepted-views-are-ignored', options: words('--numbers 2') },
  { name: 'H6', bug: 'install-by-majority', options: words('--numbers 2 --crashes 2 --ignore I3,I4,I6,R1,R4') },
  {
    name: 'H7',
    bug: 'proposal-counts-as-installed',
    options: words('--operations 0 --numbers 3 --crashes 0 --ignore I3,I6,R1'),
  },
  { name: 'H8', bug: 'accept-without-a-copy', options: words('--numbers 2 --ignore I3,I4,R4') },
  { name: 'H9', bug: 'installed-told-before-written', options: words('--numbers 2') },
  {
    name: 'H10',
    bug: 'witness-forgets-what-it-accepted',
    options: words('--replicas 2 --witnesses 2 --numbers 2 --crashes 0 --ignore R10,I6'),
  },
  {
    name: 'H11',
    bug: 'returned-disks-vote-by-majority',
    options: words('--witnesses 2 --numbers 2 --restarts 1'),
    from: HALF_WITH_A_WITNESS,
  },
  { name: 'H12', bug: 'grant-after-a-promise', options: words('--numbers 2 --crashes 0') },
  { name: 'H13', bug: 'half-without-the-first', options: words('--numbers 2 --ignore I6') },
  {
    name: 'H14',
    bug: 'grants-forgotten-at-a-start',
    options: words('--replicas 2 --witnesses 2 --operations 0 --numbers 1 --restarts 1'),
  },
  {
    name: 'H17',
    bug: 'newest-accepted-view-only',
    options: words('--operations 0 --numbers 4'),
    from: INSTALLED_UNHEARD,
  },
  {
    name: 'H18',
    bug: 'grants-forget-older-promises',
    options: words('--operations 0 --numbers 4'),
    from: INSTALLED_UNHEARD,
  },
  {
    name: 'H19',
    bug: 'silence-of-a-witness-voids',
    options: words('--replicas 2 --witnesses 2 --numbers 2 --crashes 0 --ignore I6'),
  },
  {
    name: 'H20',
    bug: 'propose-without-fetching',
    options: words('--operations 0 --numbers 1 --restarts 1 --losses 1 --ignore I4'),
  },
  { name: 'H21', bug: 'grant-before-the-view-is-written', options: words('--operations 0 --numbers 1 --crashes 0') },
];
