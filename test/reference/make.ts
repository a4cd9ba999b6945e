import { writeFileSync } from 'node:fs';
import { reference } from './reference.ts';

/** Writes the reference of the client library anew: `npm run reference`. */
writeFileSync('client/REFERENCE.md', reference());
