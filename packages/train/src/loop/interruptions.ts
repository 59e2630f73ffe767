/** What is told when the process is asked to end. */
export interface Interruptible {
  /** Resolves when all that must not be lost is safe. */
  interrupted(): Promise<void>;
}

/** How a terminal (Ctrl-C) and a machine ask a process to end. */
const signals = ['SIGINT', 'SIGTERM'] as const;

type Signal = (typeof signals)[number];

const running = new Set<Interruptible>();

/** The process in Node; elsewhere nothing asks. */
function nodeProcess(): NodeJS.Process | undefined {
  return globalThis.process?.versions?.node === undefined ? undefined : globalThis.process;
}

/** Tells a run when the process is asked to end, until {@link endWatch}. */
export function watchInterruptions(run: Interruptible): void {
  running.add(run);
  if (running.size === 1) for (const signal of signals) nodeProcess()?.on(signal, interrupt);
}

/** Nothing is told to a run any more. */
export function endWatch(run: Interruptible): void {
  running.delete(run);
  if (running.size === 0) stopListening();
}

function stopListening(): void {
  for (const signal of signals) nodeProcess()?.off(signal, interrupt);
}

let isEnding = false;

/**
 * Lets every run save, then ends the process as the signal would have without us. Whoever asks twice does not want to wait.
 * A program that listens to the signal itself decides on its own end.
 */
async function interrupt(signal: Signal): Promise<void> {
  const process = nodeProcess() as NodeJS.Process;
  const isOursToEnd = () => process.listenerCount(signal) === 1;
  if (!isEnding) {
    isEnding = true;
    const results = await Promise.allSettled(Array.from(running, (run) => run.interrupted()));
    isEnding = false;
    for (const result of results)
      if (result.status === 'rejected') console.error((result.reason as Partial<Error> | undefined)?.message);
  }
  // Where all runs ended meanwhile nobody listens any more, and the signal still waits for its effect.
  if (process.listenerCount(signal) > 0 && !isOursToEnd()) return;
  stopListening();
  process.kill(process.pid, signal);
}
