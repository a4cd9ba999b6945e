import type { World } from './world.ts';

/**
 * One life of a simulated process. What happens to the process happens through {@link act}: at once while it runs, when it
 * goes on while it is stopped, never once it has ended.
 */
export class Life {
  isOver = false;
  readonly world: World;
  /** Called whenever the process has done something. */
  afterTurn = () => {};
  #stoppedUntilMs = 0;
  #timersDue: (() => void)[] = [];
  #arrived: (() => void)[] = [];

  constructor(world: World) {
    this.world = world;
  }

  get isStopped(): boolean {
    return this.world.queue.nowMs < this.#stoppedUntilMs;
  }

  /** Something reached the process: a message, the end of a write. */
  act(action: () => void): void {
    if (this.isOver) return;
    if (this.isStopped || this.#arrived.length > 0) this.#arrived.push(action);
    else this.#turn(action);
  }

  #turn(action: () => void): void {
    action();
    if (!this.isOver) this.afterTurn();
  }

  /** Calls the process back after a while. @returns how to prevent that */
  after(delayMs: number, action: () => void): () => void {
    let isCancelled = false;
    const run = () => {
      if (!isCancelled && !this.isOver) this.#turn(action);
    };
    this.world.queue.after(delayMs, () => {
      if (isCancelled || this.isOver) return;
      if (this.isStopped) this.#timersDue.push(run);
      else run();
    });
    return () => {
      isCancelled = true;
    };
  }

  end(): void {
    this.isOver = true;
    this.#timersDue = [];
    this.#arrived = [];
  }

  /**
   * Stops the process for a while.
   *
   * @param areTimersFirst whether, when it goes on, it notices what is due before it reads what has arrived
   */
  stop(durationMs: number, areTimersFirst: boolean, onAwake: () => void): void {
    if (this.isOver || this.isStopped) return;
    this.#stoppedUntilMs = this.world.queue.nowMs + durationMs;
    this.world.queue.after(durationMs, () => {
      if (this.isOver) return;
      onAwake();
      if (areTimersFirst) this.#runTimers();
      this.#runArrived();
      this.#runTimers();
    });
  }

  #runTimers(): void {
    const due = this.#timersDue;
    this.#timersDue = [];
    this.world.isTouched = true;
    for (const run of due) run();
  }

  #runArrived(): void {
    // What is told to wait meanwhile comes after it.
    for (let next = this.#arrived[0]; next !== undefined; next = this.#arrived[0]) {
      if (this.isOver || this.isStopped) return;
      this.#turn(next);
      this.#arrived.shift();
    }
  }
}
