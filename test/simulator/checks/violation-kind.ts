/**
 * What of a violation stays the same when the run that shows it gets smaller: the rule, or the kind that a checker names
 * first, without the names of servers and without numbers.
 */
export function kindOfViolation(violation: string): string {
  const [line = ''] = violation.split('\n');
  const nameless = line.replaceAll(/\b[\w.-]+:\d{2,5}\b/g, 'a server');
  return nameless
    .split(':')[0]!
    .replaceAll(/(?<![A-Z])\d+/g, 'N')
    .trim();
}
