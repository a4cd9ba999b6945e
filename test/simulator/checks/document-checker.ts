import { askedText, type Call, describeCall } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { Timeline } from './timeline.ts';
import type { Windows } from './window.ts';

/** The JSON text of one document at each position; undefined while there is none. */
export type LoggedDocument = Timeline<string | undefined>;

/**
 * R17, R18: documents are linearizable. Their sets and deletions are in the log, which has one order and is checked for its own sake; so what is left is that
 * each is answered with what was there before it, and that each read sees the document as it was at some position between its question and its
 * answer: never older than anything that was acknowledged before, whoever asked.
 */
export function checkDocuments(calls: readonly Call[], windows: Windows, history: CommittedHistory): string | null {
  const documents = documentsIn(history);
  for (const call of calls) {
    if (!call.event.startsWith('document:') || !call.result?.ok) continue;
    const document = documents.get(askedText(call, 'key') ?? '') ?? new Timeline<string | undefined>(0, undefined);
    const violation =
      call.event === 'document:get' ? whyWrongRead(call, document, windows) : whyWrongWrite(call, document);
    if (violation) return violation;
  }
  return null;
}

/** All documents that there ever were, by their keys. */
export function documentsIn({ entries }: CommittedHistory): Map<string, LoggedDocument> {
  const documents = new Map<string, LoggedDocument>();
  for (const { op, event, subject, body } of entries) {
    if (event !== 'document:set' && event !== 'document:delete') continue;
    const document = documents.get(subject) ?? new Timeline<string | undefined>(0, undefined);
    documents.set(subject, document);
    document.set(op, event === 'document:set' ? body : undefined);
  }
  return documents;
}

function whyWrongWrite(call: Call, document: LoggedDocument): string | null {
  const { position, created, deleted, replicas } = answerTo(call);
  const existed = document.at(Number(position) - 1) !== undefined;
  if (!(Number(replicas) >= 1)) return `wrong answer: ${describeCall(call)} is on ${replicas} servers`;
  const said = call.event === 'document:set' ? !created : deleted;
  if (said === existed) return null;
  const there = existed ? 'there was one' : 'there was none';
  return `wrong answer: ${describeCall(call)} is answered with ${JSON.stringify({ created, deleted })}, but before operation ${position} ${there}`;
}

function whyWrongRead(call: Call, document: LoggedDocument, windows: Windows): string | null {
  const { found, value } = answerTo(call);
  const text = found ? JSON.stringify(value) : undefined;
  const { lowest, highest } = windows.latest(call);
  const possible = [
    document.at(lowest),
    ...document.ops.filter((op) => op > lowest && op <= highest).map((op) => document.at(op)),
  ];
  if (lowest <= highest && possible.includes(text)) return null;
  const wasOnce = document.ops.some((op) => op < lowest && document.at(op) === text);
  return `${wasOnce ? 'stale read' : 'wrong answer'}: ${describeCall(call)} finds ${text ?? 'nothing'}; from ${lowest} to ${highest} there is ${possible.map((one) => one ?? 'nothing').join(' or ')}`;
}

function answerTo({ result }: Call): Readonly<Record<string, unknown>> {
  return result?.ok ? result.value : {};
}
