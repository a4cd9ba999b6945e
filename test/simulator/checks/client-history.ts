import type { LogEntry } from '../../../shared/operations.ts';
import { checkAccounts } from './account-checker.ts';
import { checkAccountCounts } from './account-counts.ts';
import { checkAccountLists } from './account-list-checker.ts';
import { checkAnswers } from './answer-checker.ts';
import { attribute } from './attribution.ts';
import { type CheckedEvent, callsOf } from './calls.ts';
import { CommittedHistory } from './committed-history.ts';
import { checkDocuments } from './document-checker.ts';
import { checkHistoryPages } from './history-page-checker.ts';
import { checkLog } from './log-checker.ts';
import { checkNews } from './news-checker.ts';
import { checkOrder } from './order-checker.ts';
import { checkOvertaken } from './overtaken-checker.ts';
import { checkRefusals } from './refusal-checker.ts';
import { checkSearches } from './search-checker.ts';
import { checkPasswords, checkSessions } from './session-checker.ts';
import { checkTold } from './told-checker.ts';
import { Windows } from './window.ts';

export interface HistoryCheckOptions {
  /** Whether a primary that refuses by its state has made sure that it is the primary (R17). Default true. */
  readonly areRefusalsConfirmed?: boolean;
  /** False after an operator has forced a view: clients fetch everything anew (R20). Default true. */
  readonly areToldOnce?: boolean;
}

/**
 * Judges from outside what clients were promised: what they asked, were answered and were told, against the log that was
 * committed in the end. Texts of messages should differ, or doubled and missing ones are only counted.
 *
 * @param events of all clients, in the order in which they happened
 * @param finalHistory all committed operations, from 1 on
 * @returns null when every promise was kept, else a sentence; what comes before its first colon is the kind of violation
 * @throws BrokenRecording when the events are those of no program
 */
export function checkClientHistory(
  events: readonly CheckedEvent[],
  finalHistory: readonly LogEntry[],
  options: HistoryCheckOptions = {},
): string | null {
  const calls = callsOf(events);
  const broken = checkLog(finalHistory);
  if (broken) return broken;
  const history = new CommittedHistory(finalHistory);
  const { positions, violation } = attribute(calls, history);
  if (violation) return violation;
  const windows = new Windows(events, calls, positions, history);
  const { areRefusalsConfirmed = true, areToldOnce = true } = options;
  const refusals = areRefusalsConfirmed ? checkRefusals(calls, (call) => windows.whenJudged(call), history) : null;
  return (
    checkAccountCounts(calls, history) ??
    checkOrder(calls, positions, history) ??
    checkOvertaken(events) ??
    (areToldOnce ? checkTold(events, calls, positions, history) : null) ??
    (areToldOnce ? checkNews(events, calls, history) : null) ??
    checkHistoryPages(calls, windows, history) ??
    checkAccountLists(calls, windows, history) ??
    checkAnswers(calls, windows, history) ??
    checkSearches(calls, windows, history) ??
    checkDocuments(calls, windows, history) ??
    checkSessions(calls, positions, history) ??
    checkPasswords(calls, positions, history) ??
    checkAccounts(calls, areRefusalsConfirmed) ??
    refusals
  );
}
