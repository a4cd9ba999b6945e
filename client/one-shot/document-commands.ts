import type { ChatError, Result } from '../../shared/errors.ts';
import type { ChatClient } from '../chat-client.ts';
import { deleteLine, NOT_FOUND, parseJson, setLine } from '../repl-documents.ts';
import { safeJson } from '../terminal-safe.ts';
import { type OneShotOptions, runWithoutLogIn } from './session.ts';

/** `client document set KEY JSON` */
export function setDocument(options: OneShotOptions, key: string, json: string): Promise<number> {
  return ask(
    options,
    async (chat) => {
      const parsed = parseJson(json);
      return parsed.ok ? chat.setDocument(key, parsed.value) : parsed;
    },
    setLine,
  );
}

/** `client document get KEY` */
export function getDocument(options: OneShotOptions, key: string): Promise<number> {
  return ask(
    options,
    (chat) => chat.getDocument(key),
    ({ found, value }) => (found ? safeJson(value) : NOT_FOUND),
  );
}

/** `client document delete KEY` */
export function deleteDocument(options: OneShotOptions, key: string): Promise<number> {
  return ask(options, (chat) => chat.deleteDocument(key), deleteLine);
}

/** @returns the exit status; that there is no such document is an answer like others */
function ask<T extends object>(
  options: OneShotOptions,
  question: (chat: ChatClient) => Promise<Result<T>>,
  sayDone: (value: T) => string,
): Promise<number> {
  return runWithoutLogIn(options, async (chat): Promise<ChatError | undefined> => {
    const result = await question(chat);
    if (!result.ok) return result.error;
    if (options.json) options.output.json(result.value);
    else options.output.line(sayDone(result.value));
    return undefined;
  });
}
