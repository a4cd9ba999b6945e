import { documentKey } from '../shared/documents.ts';
import { type ChatError, type Result, refusal, success } from '../shared/errors.ts';
import type { ChatClient } from './chat-client.ts';
import type { Output } from './output.ts';
import type { DocumentCommand, ReplCommand } from './repl-commands.ts';
import { safeJson } from './terminal-safe.ts';

/** Does what a line about a document asks for, and says so. What was refused is left to the caller to show. */
export async function answerDocument(
  chat: ChatClient,
  command: DocumentCommand,
  output: Output,
): Promise<Result<unknown>> {
  switch (command.type) {
    case 'document-set': {
      const key = documentKey(command.key);
      if (!key.ok) return key;
      const parsed = parseJson(unquoted(command.json));
      if (!parsed.ok) return parsed;
      const set = await chat.setDocument(command.key, parsed.value);
      if (set.ok) output.line(setLine(set.value));
      return set;
    }
    case 'document-get': {
      const got = await chat.getDocument(command.key);
      if (got.ok) output.line(got.value.found ? safeJson(got.value.value) : NOT_FOUND);
      return got;
    }
    case 'document-delete': {
      const deleted = await chat.deleteDocument(command.key);
      if (deleted.ok) output.line(deleteLine(deleted.value));
      return deleted;
    }
  }
}

/** Said when there is no such document. */
export const NOT_FOUND = 'Not found';

export function setLine({ created, replicas }: { created: boolean; replicas: number }): string {
  return `${created ? 'Created' : 'Updated'} (${servers(replicas)})`;
}

export function deleteLine({ deleted, replicas }: { deleted: boolean; replicas: number }): string {
  return deleted ? `Deleted (${servers(replicas)})` : NOT_FOUND;
}

/** How the line mode says that a command was refused. */
export function errorLine({ type }: ReplCommand, { code, message }: ChatError): string {
  if (!type.startsWith('document-')) return `ERROR ${code}: ${message}`;
  return code === 'invalid-key' ? 'Error: Key is not a proper UUID4' : `Error: ${message}`;
}

/** @returns `bad-request` with what the parser found wrong when the text is no JSON */
export function parseJson(text: string): Result<unknown> {
  try {
    return success(JSON.parse(text) as unknown);
  } catch (failure) {
    const reason = (failure as Error).message.replaceAll('\n', ' ');
    return refusal('bad-request', `The value is not JSON (${reason}); write it as in {"name": "value"}.`);
  }
}

/** A value may stand in single quotes: then the last one of the line ends it, and it may have some in it. */
function unquoted(typed: string): string {
  const text = typed.trim();
  return text.length > 1 && text.startsWith("'") && text.endsWith("'") ? text.slice(1, -1) : text;
}

function servers(count: number): string {
  return count === 1 ? '1 replica' : `${count} replicas`;
}
