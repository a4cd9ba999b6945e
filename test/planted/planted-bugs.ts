import { bugsOfTheChat } from './bugs-chat.ts';
import { bugsInTheClient } from './bugs-client.ts';
import { bugsOfCompaction } from './bugs-compaction.ts';
import { bugsOfDocuments } from './bugs-documents.ts';
import { bugsInTheEngine } from './bugs-engine.ts';
import { EXPLORER_BUGS } from './bugs-explorer.ts';
import { bugsInForcedViews } from './bugs-force.ts';
import { bugsInTheGateway } from './bugs-gateway.ts';
import { bugsInLeases } from './bugs-leases.ts';
import { bugsInTheLog } from './bugs-log.ts';
import { bugsInTheRelay } from './bugs-relay.ts';
import { bugsInViewChanges } from './bugs-views.ts';
import { bugsInVotes } from './bugs-votes.ts';
import { bugsOfWitnessesAndLives } from './bugs-witnesses.ts';
import type { PlantedBug } from './planted-bug.ts';

/** All planted bugs. */
export const allPlantedBugs: readonly PlantedBug[] = [
  ...bugsInTheLog,
  ...bugsInVotes,
  ...bugsInViewChanges,
  ...bugsInLeases,
  ...bugsOfWitnessesAndLives,
  ...bugsInForcedViews,
  ...bugsInTheEngine,
  ...bugsInTheRelay,
  ...bugsOfCompaction,
  ...bugsOfTheChat,
  ...bugsOfDocuments,
  ...bugsInTheGateway,
  ...bugsInTheClient,
  ...EXPLORER_BUGS.map((bug) => ({ ...bug, isLeftToExplorer: true })),
];

/** Those that the simulator has to find, in the order of the table. */
export const plantedBugs = allPlantedBugs.filter(
  ({ isLeftToExplorer, whyNotSimulated }) => !isLeftToExplorer && whyNotSimulated === undefined,
);

/** @throws Error when there is none of that name */
export function findPlanted(name: string): PlantedBug {
  const found = allPlantedBugs.find((bug) => bug.name === name);
  if (found) return found;
  const names = allPlantedBugs.map((bug) => bug.name).join(', ');
  throw new Error(`There is no planted bug "${name}"; there are ${names}.`);
}
