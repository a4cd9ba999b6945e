import type { Command } from 'commander';
import { parseCount } from '../option-values.ts';
import { type CommonOptions, end, oneShotCommand, oneShotOptions, option, spreadReads } from '../program-options.ts';
import * as account from './account-commands.ts';
import * as documents from './document-commands.ts';
import { type ExportOptions, exportAll } from './export.ts';
import * as messages from './message-commands.ts';
import * as rooms from './room-commands.ts';

interface ExportFlags {
  format?: 'csv' | 'json';
  with?: string;
  output?: string;
}

function exportOptions({ format, json, with: other, output }: CommonOptions & ExportFlags): ExportOptions {
  return { format: format ?? (json ? 'json' : 'csv'), other, file: output };
}

/** What is written and read. */
export function addMessageCommands(program: Command): void {
  oneShotCommand(program, 'send <name> <text>', "send a message to somebody, or to a room: '#room'")
    .addOption(option('--reply-to <id>', 'the message that it answers'))
    .action((to, text, options) => end(messages.send(oneShotOptions(options), to, text, options.replyTo)));
  oneShotCommand(program, 'edit <id> <text>', 'change the text of one of your messages').action((id, text, options) =>
    end(messages.edit(oneShotOptions(options), id, text)),
  );
  oneShotCommand(program, 'delete <id>', 'delete one of your messages, or any in a room of yours').action(
    (id, options) => end(messages.deleteMessage(oneShotOptions(options), id)),
  );
  oneShotCommand(program, 'react <id> <reaction>', 'react to a message, with an emoji or a word')
    .option('--take-back', 'take the reaction back')
    .action((id, reaction, options) => end(messages.react(oneShotOptions(options), id, reaction, !options.takeBack)));
  oneShotCommand(program, 'history [name]', 'print the newest messages, of all or of one conversation, oldest first')
    .addOption(option('--limit <n>', 'how many').argParser(parseCount).default(100))
    .addOption(spreadReads())
    .action((name, options) => end(messages.history(oneShotOptions(options), name, options.limit)));
  oneShotCommand(program, 'search <text>', 'print the newest messages that hold a text, oldest first')
    .addOption(option('--with <name>', 'only in the conversation with this account, or in this room'))
    .addOption(option('--limit <n>', 'how many').argParser(parseCount).default(100))
    .addOption(spreadReads())
    .action((text, options) => end(messages.search(oneShotOptions(options), text, options.with, options.limit)));
  oneShotCommand(
    program,
    'tail [name]',
    'print messages as they come, of all or of one conversation, until it is ended',
  ).action((name, options) => end(messages.tail(oneShotOptions(options), name, interrupted())));
  oneShotCommand(program, 'export', 'print all messages, oldest first, as CSV')
    .addOption(
      option('--format <format>', 'csv; or json, one object a line (the same as --json)').choices(['csv', 'json']),
    )
    .addOption(option('--with <name>', 'only the conversation with this account, or all that was said in this room'))
    .addOption(option('--output <file>', 'write to this file, which must not be there yet'))
    .addOption(spreadReads())
    .action((options: CommonOptions & ExportFlags) => end(exportAll(oneShotOptions(options), exportOptions(options))));
}

/** Rooms; their names may be given without the `#`, which shells take for a comment. */
export function addRoomCommands(program: Command): void {
  const parent = program.command('room').description('make, join and look after rooms; the # may be left out');
  oneShotCommand(parent, 'list [pattern]', 'list rooms; * and ? stand for letters').action((pattern, options) =>
    end(rooms.listRooms(oneShotOptions(options), pattern)),
  );
  oneShotCommand(parent, 'members <room>', 'list who is in a room').action((room, options) =>
    end(rooms.listMembers(oneShotOptions(options), room)),
  );
  oneShotCommand(parent, 'create <room> [topic]', 'make a room, which is then yours').action((room, topic, options) =>
    end(rooms.createRoom(oneShotOptions(options), room, topic)),
  );
  oneShotCommand(parent, 'join <room>', 'become a member of a room').action((room, options) =>
    end(rooms.joinRoom(oneShotOptions(options), room)),
  );
  oneShotCommand(parent, 'leave <room>', 'leave a room; the last one deletes it').action((room, options) =>
    end(rooms.leaveRoom(oneShotOptions(options), room)),
  );
  oneShotCommand(parent, 'topic <room> <topic>', "say what a room of yours is about; '' for nothing").action(
    (room, topic, options) => end(rooms.setTopic(oneShotOptions(options), room, topic)),
  );
  oneShotCommand(parent, 'remove <room> <name>', 'remove somebody from a room of yours').action((room, name, options) =>
    end(rooms.removeMember(oneShotOptions(options), room, name)),
  );
  oneShotCommand(parent, 'readmit <room> <name>', 'let them join again').action((room, name, options) =>
    end(rooms.readmitMember(oneShotOptions(options), room, name)),
  );
  oneShotCommand(parent, 'delete <room>', 'delete a room of yours with all its messages').action((room, options) =>
    end(rooms.deleteRoom(oneShotOptions(options), room)),
  );
}

/** Documents: JSON values by keys of one's own choice; anybody's, so nobody logs in. */
export function addDocumentCommands(program: Command): void {
  const parent = program.command('document').description('keep JSON documents, which anybody may read and change');
  oneShotCommand(parent, 'set <key> <json>', 'keep a JSON value as the document of this key, a UUID4').action(
    (key, json, options) => end(documents.setDocument(oneShotOptions(options), key, json)),
  );
  oneShotCommand(parent, 'get <key>', 'print a document').action((key, options) =>
    end(documents.getDocument(oneShotOptions(options), key)),
  );
  oneShotCommand(parent, 'delete <key>', 'delete a document').action((key, options) =>
    end(documents.deleteDocument(oneShotOptions(options), key)),
  );
}

/** Accounts: one's own, and who else there is. */
export function addAccountCommands(program: Command): void {
  oneShotCommand(program, 'conversations', 'list your conversations, and what is unread there').action((options) =>
    end(account.conversations(oneShotOptions(options))),
  );
  oneShotCommand(program, 'list [pattern]', 'list accounts; * and ? stand for letters').action((pattern, options) =>
    end(account.list(oneShotOptions(options), pattern)),
  );
  oneShotCommand(program, 'create <name>', 'make an account with the password in CHAT_PASSWORD').action(
    (name, options) => end(account.create(oneShotOptions(options), name)),
  );
  oneShotCommand(program, 'settings', 'print your display name, blocks and log-ins').action((options) =>
    end(account.settings(oneShotOptions(options))),
  );
  oneShotCommand(program, 'name <displayname>', "be shown under this name; '' for your username alone").action(
    (name, options) => end(account.name(oneShotOptions(options), name)),
  );
  oneShotCommand(program, 'block <name>', 'get nothing from somebody directly any more').action((name, options) =>
    end(account.block(oneShotOptions(options), name)),
  );
  oneShotCommand(program, 'unblock <name>', 'take that back').action((name, options) =>
    end(account.block(oneShotOptions(options), name, false)),
  );
  oneShotCommand(
    program,
    'password',
    'change the password in CHAT_PASSWORD to the one in NEW_CHAT_PASSWORD; all other log-ins end',
  ).action((options) => end(account.changePassword(oneShotOptions(options), process.env.NEW_CHAT_PASSWORD)));
  oneShotCommand(program, 'logout-everywhere', 'log out on all devices').action((options) =>
    end(account.logOutEverywhere(oneShotOptions(options))),
  );
  oneShotCommand(program, 'delete-account', 'delete the account of --user, for good').action((options) =>
    end(account.deleteAccount(oneShotOptions(options))),
  );
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}
