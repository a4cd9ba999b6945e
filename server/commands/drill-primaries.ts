/** An acknowledgement as it came over the wire: which server gave it, and as the primary of which view. */
export interface Answer {
  /** The server that answered. */
  server: string;
  /** The view that this server had last announced on the same connection; undefined when it had announced none. */
  view: { epoch: number; round: number } | undefined;
  /** Where the message stands in the log. */
  position: number;
  /** When the request was first sent to any server, and when this answer came; on one monotonic clock of the machine. */
  firstSentMs: number;
  answeredMs: number;
}

/**
 * Looks for two servers that acknowledged as primary at the same time. What was sent only after another answer had come
 * was done after it: so it stands behind it in the log, and its view is no earlier one. And of two servers that
 * acknowledge in one view number, one has ended before the other begins.
 *
 * @returns a sentence for each contradiction; none when there was one primary at a time
 */
export function contradictions(answers: readonly Answer[]): string[] {
  return [...againstTime(answers), ...withinViews(answers)];
}

function againstTime(answers: readonly Answer[]): string[] {
  const found: string[] = [];
  const byAnswer = [...answers].sort((a, b) => a.answeredMs - b.answeredMs);
  const bySending = [...answers].sort((a, b) => a.firstSentMs - b.firstSentMs);
  let next = 0;
  let furthest: Answer | undefined;
  let latest: Answer | undefined;
  for (const answer of bySending) {
    for (; next < byAnswer.length && byAnswer[next]!.answeredMs < answer.firstSentMs; next++) {
      const earlier = byAnswer[next]!;
      if (!furthest || earlier.position > furthest.position) furthest = earlier;
      if (!latest || compareViews(earlier, latest) > 0) latest = earlier;
    }
    if (furthest && furthest.position >= answer.position) found.push(sentence(answer, furthest));
    else if (latest && answer.view && compareViews(latest, answer) > 0) found.push(sentence(answer, latest));
  }
  return found;
}

function withinViews(answers: readonly Answer[]): string[] {
  const views = new Map<string, Map<string, { first: Answer; last: Answer }>>();
  for (const answer of answers) {
    if (!answer.view) continue;
    const name = `${answer.view.epoch}/${answer.view.round}`;
    const servers = views.get(name) ?? new Map<string, { first: Answer; last: Answer }>();
    views.set(name, servers);
    const { first, last } = servers.get(answer.server) ?? { first: answer, last: answer };
    servers.set(answer.server, {
      first: answer.answeredMs < first.answeredMs ? answer : first,
      last: answer.firstSentMs > last.firstSentMs ? answer : last,
    });
  }
  const found: string[] = [];
  for (const servers of views.values()) {
    const spans = [...servers.values()];
    for (const [index, one] of spans.entries()) {
      for (const other of spans.slice(index + 1)) {
        const isApart =
          one.last.firstSentMs <= other.first.answeredMs || other.last.firstSentMs <= one.first.answeredMs;
        if (!isApart) found.push(sentence(one.last, other.first));
      }
    }
  }
  return found;
}

function compareViews(a: Answer, b: Answer): number {
  if (!a.view || !b.view) return a.view ? 1 : b.view ? -1 : 0;
  return a.view.epoch - b.view.epoch || a.view.round - b.view.round;
}

function sentence(answer: Answer, earlier: Answer): string {
  const apartMs = Math.round(answer.firstSentMs - earlier.answeredMs);
  return `${describe(answer)}, to a request sent ${apartMs} ms after ${describe(earlier)}`;
}

function describe({ server, view, position }: Answer): string {
  const when = view ? `in view ${view.epoch > 0 ? `${view.epoch}/` : ''}${view.round}` : 'in a view not told';
  return `${server} acknowledged position ${position} ${when}`;
}
