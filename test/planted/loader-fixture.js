// Loads a source file in the main thread and in a worker thread, and tells what it found there.
import { isMainThread, Worker } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

// Node 20 does not hand tsx on to workers: each has to register it.
if (!isMainThread) register();
const { leaseLengthMs } = await import('../../server/replication/lease.ts');
console.log(`${isMainThread ? 'main' : 'worker'} ${leaseLengthMs(2100, 0)}`);
if (isMainThread) new Worker(new URL(import.meta.url));
