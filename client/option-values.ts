import { InvalidArgumentError } from 'commander';
import { type Address, parseAddress } from '../shared/ids.ts';

/** Each takes what was typed and gives what is meant, or throws commander's error with what it has to be. */
export function parseServers(text: string): Address[] {
  const addresses = text.split(',').map((one) => {
    const address = parseAddress(one.trim());
    if (address === undefined) throw new InvalidArgumentError(`${JSON.stringify(one)} is not host:port.`);
    return address;
  });
  return [...new Set(addresses)];
}

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 86_400)) throw new InvalidArgumentError('It has to be seconds, above 0.');
  return seconds * 1000;
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new InvalidArgumentError('It has to be 1 to 65535.');
  return port;
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('It has to be a whole number, above 0.');
  return count;
}
