/** The first word of an entry's subject: whom it is sent to, or which room it is about. */
export function firstWord(subject: string): string {
  const space = subject.indexOf(' ');
  return space < 0 ? subject : subject.slice(0, space);
}

/** What follows the first word: the message that is answered, or the account that is removed from a room; empty without one. */
export function secondWord(subject: string): string {
  const space = subject.indexOf(' ');
  return space < 0 ? '' : subject.slice(space + 1);
}
