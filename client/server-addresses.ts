import { type Address, parseAddress } from '../shared/ids.ts';

/** Addresses as a program writes them, each once. @throws Error with a sentence for people when there is none, or one is no `host:port` */
export function serverAddresses(servers: readonly string[]): Address[] {
  if (servers.length === 0) throw new Error('No server is named; give at least one, as in localhost:1538.');
  return [...new Set(servers.map(addressOf))];
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new Error(`The server ${JSON.stringify(text)} is no address; write host:port, as in chat.example:1538.`);
}
