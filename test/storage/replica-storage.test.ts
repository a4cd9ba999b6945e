import { describeReplicaStorage } from '../contracts/replica-storage.ts';
import { openScanned, temporaryFolder } from './samples.ts';

describeReplicaStorage('a folder of CSV files', async () => {
  const folder = `${await temporaryFolder()}/database`;
  return { start: () => openScanned(folder) };
});

describeReplicaStorage('a folder with short segments', async () => {
  const folder = `${await temporaryFolder()}/database`;
  return { start: () => openScanned(folder, { segmentOperations: 3, durability: 'os' }) };
});
