import { openFolderStore } from '../../client/folder-store.ts';
import type { Address } from '../../shared/ids.ts';

/** A process that takes a client folder, says which client it is, and holds it until its input ends. */
const [stateFolder, username] = process.argv.slice(2);
const servers = ['localhost:1538' as Address];
const store = await openFolderStore({ stateFolder: stateFolder!, servers, username: username! });
store.saveSession({ username: username!, token: 'token' });
process.stdout.write(`${store.clientId}\n`);
process.stdin.resume();
process.stdin.once('end', () => process.exit(0));
