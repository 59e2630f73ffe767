/** Where progress goes: `process.stderr`. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** One line that is drawn again and again in a terminal; elsewhere a line for each case. */
export class Progress {
  private lastName: string | undefined;

  constructor(private readonly stream: ProgressStream) {}

  /** @param text What is being done of the case. */
  show(name: string, text: string): void {
    const {isTTY, columns = 80} = this.stream;
    if (isTTY) this.stream.write(`\r${`${name}  ${text}`.slice(0, columns - 1)}\x1b[K`);
    else if (name !== this.lastName) this.stream.write(`${name}\n`);
    this.lastName = name;
  }

  /** Removes the line from a terminal. */
  end(): void {
    if (this.stream.isTTY && this.lastName !== undefined) this.stream.write('\r\x1b[K');
  }
}
