import type { Message } from '../../shared/api.ts';
import type { Address } from '../../shared/ids.ts';
import { ProtocolClient } from './protocol-client.ts';

/** Reads everything that one server has for a user. */
export async function historyOf(address: Address, username: string, password: string): Promise<Message[]> {
  const client = await ProtocolClient.open(address);
  try {
    const opened = await client.request('session:open', { request: 1, username, password });
    if (!opened.ok) throw new Error(`${username} cannot log in at ${address}: ${opened.error.message}`);
    return await client.wholeHistory();
  } finally {
    client.close();
  }
}
