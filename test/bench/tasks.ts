/** What a worker process can be asked to do, by name. Inputs and outputs travel as JSON. */
export type Tasks = Record<string, (input: never) => Promise<unknown>>;

export interface Question {
  id: number;
  task: string;
  input: unknown;
}

export type Answer = { id: number; output: unknown } | { id: number; error: string };

/** The worker's side: does what its parent asks, and ends when the parent is gone. */
export function serveTasks(tasks: Tasks): void {
  process.on('message', async ({ id, task, input }: Question) => {
    let answer: Answer;
    try {
      const output = await tasks[task]!(input as never);
      answer = { id, output };
    } catch (error) {
      answer = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send!(answer);
  });
  process.on('disconnect', () => process.exit(0));
}
