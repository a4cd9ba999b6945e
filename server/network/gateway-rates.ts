import { isIPv6 } from 'node:net';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { refusal } from '../../shared/errors.ts';
import type { Connection } from './gateway-connection.ts';
import type { GatewayLimits, Refused } from './gateway-context.ts';

/** How often things may be asked for. Each question also counts. */
export interface Rates {
  /** @returns the refusal when the account (or the socket, while nobody is logged in) asks too often */
  request(connection: Connection): Promise<Refused | undefined>;
  /** @returns the refusal when too many passwords came from the same network */
  login(connection: Connection): Promise<Refused | undefined>;
}

export function createRates(limits: GatewayLimits): Rates {
  const { requestsPerSecond, rateWindowSeconds, loginsPerMinute } = limits;
  const requests = new RateLimiterMemory({
    points: requestsPerSecond * rateWindowSeconds,
    duration: rateWindowSeconds,
    keyPrefix: '',
  });
  const logins = new RateLimiterMemory({ points: loginsPerMinute, duration: 60, keyPrefix: '' });
  const none = (): undefined => undefined;
  const tooManyRequests = refusedFor(`At most ${requestsPerSecond} requests a second are served for one account`);
  const tooManyLogins = refusedFor(`At most ${loginsPerMinute} log-ins a minute are served for one network address`);
  return {
    request: (connection) => requests.consume(connection.account || connection.socket.id).then(none, tooManyRequests),
    login: (connection) => logins.consume(networkOf(connection.address)).then(none, tooManyLogins),
  };
}

function refusedFor(rule: string): (reason: unknown) => Refused {
  return (reason) => {
    if (!(reason instanceof RateLimiterRes)) throw reason;
    return refusal('rate-limited', `${rule}; try again in ${Math.ceil(reason.msBeforeNext / 1000)} s.`);
  };
}

/** What one customer of a network provider usually has: an IPv4 address, or the first 64 bits of an IPv6 address. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const headGroups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(8 - headGroups.length - tailGroups.length).fill('0');
  return [...headGroups, ...zeros, ...tailGroups].slice(0, 4).join(':');
}
