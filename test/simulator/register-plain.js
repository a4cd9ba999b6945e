// `node --import tsx --import ./test/simulator/register-plain.js FILE`: stands after tsx, so that it sees what tsx has made.
import { register } from 'node:module';

register('./plain-functions.js', import.meta.url);
