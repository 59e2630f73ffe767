/** Callbacks that wait for a task of their own, in order. */
const waiting: (() => void)[] = [];

/** Calls what is next of {@link waiting} in a new task. Node has a function for it; pages have messages. */
function schedulerOf(): () => void {
  const callNext = () => waiting.shift()?.();
  if (typeof setImmediate === 'function') return () => void setImmediate(callNext);
  const {port1, port2} = new MessageChannel();
  port1.onmessage = callNext;
  return () => port2.postMessage(null);
}

let schedule: (() => void) | undefined;

/**
 * Resolves in a new task of the event loop: until then a page paints and answers, timers fire. Unlike a timeout it takes
 * no milliseconds, unlike an animation frame it also comes on pages that are not in view.
 */
export function nextTask(): Promise<void> {
  schedule ??= schedulerOf();
  return new Promise((resolve) => {
    waiting.push(resolve);
    schedule?.();
  });
}
