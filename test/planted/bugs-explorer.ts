import type { PlantedBug } from './planted-bug.ts';

/** Mistakes of the traces in PROTOCOL.md that only the explorer looks for. */
export const EXPLORER_BUGS: readonly PlantedBug[] = [
  {
    name: 'proposal-counts-as-installed',
    rule: 'R11',
    says: 'A candidate takes its own proposal for its base before anybody has accepted it (H7).',
    file: 'server/replication/view-change.ts',
    replacements: [
      {
        find: 'candidacy.accepted.add(state.file.id);',
        replace:
          'candidacy.accepted.add(state.file.id);\n  if (candidacy.members.length > 1) writeViewFile(context, { base: candidacy.record, pending: [] });',
      },
    ],
  },
  {
    name: 'grant-before-the-view-is-written',
    rule: 'R12',
    says: 'A member that learns by a ping that a view is installed grants a lease in it before the view is on its disk (H21).',
    file: 'server/replication/replica.ts',
    replacements: [
      {
        find: 'learnInstalled(context, message.base);\n      onPing(context, from, message);',
        replace:
          'learnInstalled(context, message.base);\n      const written = context.outputs.splice(0);\n      onPing(context, from, message);\n      context.outputs.push(...written);',
      },
    ],
  },
];
