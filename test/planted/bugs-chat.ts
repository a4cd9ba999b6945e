import type { PlantedBug } from './planted-bug.ts';

/** Mistakes about rooms, changes of messages, read marks, blocks and settings. */
export const bugsOfTheChat: readonly PlantedBug[] = [
  {
    name: 'former-member-is-told-on',
    rule: 'R17',
    says: 'Who leaves a room is still told what is written there, until somebody else comes or goes.',
    file: 'server/state/rooms.ts',
    replacements: [
      {
        find: 'takeFrom(this.#roomsOf, account, room);\n    this.#memberIds.delete(room);\n    if (room.owner',
        replace: 'takeFrom(this.#roomsOf, account, room);\n    if (room.owner',
      },
    ],
  },
  {
    name: 'edit-is-not-replayed',
    rule: 'R17',
    says: 'An edit shows in what is read, but who was away is not told of it.',
    file: 'server/state/history.ts',
    replacements: [
      {
        find: 'return columns.changedAtOp(message) === op && columns',
        replace: 'return columns.editedAtOp(message) !== op && columns.changedAtOp(message) === op && columns',
      },
    ],
  },
  {
    name: 'edit-is-not-told',
    rule: 'R17',
    says: 'Only the one who edits a message is told of it at once.',
    file: 'server/network/gateway-notices.ts',
    replacements: [
      {
        find: 'pushes.toAccounts(accounts, edit.position',
        replace: 'pushes.toAccounts(accounts.slice(0, 1), edit.position',
      },
    ],
  },
  {
    name: 'earlier-changes-are-told-again',
    rule: 'R17',
    says: 'A page tells every change of a message, and not only the latest.',
    file: 'server/state/history.ts',
    replacements: [
      {
        find: 'return columns.changedAtOp(message) === op && columns',
        replace: 'return columns.changedAtOp(message) >= op && columns',
      },
    ],
  },
  {
    name: 'own-messages-are-unread',
    rule: 'R17',
    says: 'What an account writes itself counts as unread.',
    file: 'server/state/conversations.ts',
    replacements: [{ find: 'columns.sender(message) !== own && ', replace: 'own !== -1 && ' }],
  },
  {
    name: 'removed-member-may-join',
    rule: 'R17',
    says: 'Whom the owner removed from a room may join again at once.',
    file: 'server/state/refusals.ts',
    replacements: [{ find: "if (room.removed.has(account)) return 'forbidden';", replace: '' }],
  },
  {
    name: 'read-mark-falls',
    rule: 'R17',
    says: 'A read mark that comes late takes back what was read since.',
    file: 'server/state/message-operations.ts',
    replacements: [
      {
        find: 'if (marks.get(conversation, side) >= position)',
        replace: 'if (marks.get(conversation, side) === position)',
      },
      { find: 'member.read >= position', replace: 'member.read === position' },
    ],
  },
  {
    name: 'blocked-may-send',
    rule: 'R17',
    says: 'Who is blocked may write all the same.',
    file: 'server/state/refusals.ts',
    replacements: [{ find: "if (blocks.isBetween(account, to)) return 'blocked';", replace: '' }],
  },
  {
    name: 'owner-is-not-passed-on',
    rule: 'R17',
    says: 'A room whose owner left has none that is in it.',
    file: 'server/state/rooms.ts',
    replacements: [{ find: 'if (next !== undefined) room.owner = next;', replace: '' }],
  },
  {
    name: 'newest-member-becomes-owner',
    rule: 'R17',
    says: 'When the owner leaves, the room goes to whoever came last.',
    file: 'server/state/rooms.ts',
    replacements: [
      { find: 'const [next] = room.members.keys();', replace: 'const next = [...room.members.keys()].at(-1);' },
    ],
  },
  {
    name: 'edited-away-text-survives',
    rule: 'R27',
    says: 'Compaction leaves the text that a message was sent with, although it was edited since.',
    file: 'server/state/compactions.ts',
    replacements: [
      {
        find: 'this.#archive.columns.firstEditOp(message) || this.#archive',
        replace: 'this.#archive',
      },
    ],
  },
  {
    name: 'former-topic-survives',
    rule: 'R27',
    says: 'Compaction leaves a topic that was replaced by another.',
    file: 'server/state/room-operations.ts',
    replacements: [
      {
        find: 'compactions.replace(room.topicAtOp, op);\n  if (room.firstTopicOp === 0)',
        replace: 'if (room.firstTopicOp === 0)',
      },
    ],
  },
  {
    name: 'texts-of-a-former-room-survive',
    rule: 'R27',
    says: 'Compaction leaves the edits and reactions of a room that is gone.',
    file: 'server/state/room-operations.ts',
    replacements: [{ find: 'forgetMessage(parts, message, op));\n  for', replace: 'void message);\n  for' }],
  },
  {
    name: 'password-change-keeps-other-log-ins',
    rule: 'R25',
    says: 'Other devices stay logged in when the password is changed.',
    file: 'server/state/account-operations.ts',
    replacements: [{ find: 'sessions.closeAllOf(account.id, staying);', replace: '(staying, [] as Session[]);' }],
  },
  {
    name: 'log-in-while-the-password-changes',
    rule: 'R17',
    says: 'A log-in whose password was verified before it was changed is valid after.',
    file: 'server/network/gateway-accounts.ts',
    replacements: [
      {
        find: 'if (current && current.passwordHash !== account.passwordHash) return answer(wrongPassword(request.username));',
        replace: '',
      },
    ],
  },
  {
    name: 'password-changed-over-an-ended-log-in',
    rule: 'R17',
    says: 'Two devices change the password at once, both with the former one.',
    file: 'server/state/refusals.ts',
    replacements: [{ find: "    case 'account:password':\n", replace: '' }],
  },
  {
    name: 'room-history-begins-with-the-joining',
    rule: 'R17',
    says: 'Who asks for the history of a room does not get what was written before the joining.',
    file: 'server/state/history.ts',
    replacements: [
      {
        find: 'return conversation === undefined ? [] : [{ conversation, above: 0 }];',
        replace:
          'return conversation === undefined ? [] : [{ conversation, above: room?.members.get(account)?.joinedAtOp ?? 0 }];',
      },
    ],
  },
  {
    name: 'what-was-before-the-joining-is-replayed',
    rule: 'R17',
    says: 'Who joins a room is told all that was written there before.',
    file: 'server/state/history.ts',
    replacements: [{ find: 'above: room.members.get(account)!.joinedAtOp', replace: 'above: 0' }],
  },
  {
    name: 'repeated-reaction-is-told',
    rule: 'R17',
    says: 'A reaction that was there already is told once more.',
    file: 'server/state/message-operations.ts',
    replacements: [{ find: 'if (!isNew) return [];', replace: '' }],
  },
  {
    name: 'refusals-of-rooms-are-not-remembered',
    rule: 'R18',
    says: 'A request that was refused because of a room is answered with something else when it is repeated.',
    file: 'server/replication/client-replies.ts',
    replacements: [{ find: "  'not-a-member': true,\n", replace: '' }],
  },
  {
    name: 'list-is-older-than-what-is-told-after-it',
    rule: 'R17',
    says: 'News of conversations that come while the list of them is fetched are dropped.',
    file: 'client/conversation-sync.ts',
    whyNotSimulated:
      'What a client makes of the news is not followed there, only that they are true; test/client has it.',
    replacements: [
      { find: 'if (this.#cancelFetch) this.#held.push(news);', replace: 'if (this.#cancelFetch) return;' },
    ],
  },
  {
    name: 'older-mark-is-told-as-news',
    rule: 'R17',
    says: 'A client tells of a lower read mark than the one it has not told the servers yet.',
    file: 'client/account-news.ts',
    replacements: [{ find: 'if (event.read < this.readMarks.untold(event.with)) return;', replace: '' }],
  },
];
