/** Prints sentences for the operator, each with its time. */
export interface OperatorLog {
  (text: string): void;
  /** Goes to standard error, and is printed even with `--quiet`. */
  error(text: string): void;
}

/** A reader that went away (`| head`) must not stop a server: what it does not read is dropped. */
export function makeLog(isQuiet: boolean): OperatorLog {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const print = (stream: NodeJS.WriteStream, text: string) => {
    // An unread terminal (Ctrl+S) or pipe must not grow our memory either.
    if (stream.writableLength < 65_536) stream.write(`${new Date().toISOString().slice(11, 23)} ${text}\n`);
  };
  const log = (text: string) => {
    if (!isQuiet) print(process.stdout, text);
  };
  return Object.assign(log, { error: (text: string) => print(process.stderr, text) });
}
