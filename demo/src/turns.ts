/** Gives way to keys and paint once some milliseconds have been used up: `await` it between pieces of a long work. */
export class Turns {
  // A frame has 16 ms, and the browser wants its share.
  private static readonly milliseconds = 8;
  private end = performance.now() + Turns.milliseconds;

  get over(): boolean {
    return performance.now() >= this.end;
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.end = performance.now() + Turns.milliseconds;
  }
}
