/**
 * Resolves in a new task of the event loop: until then a page paints and answers, timers fire. Unlike a timeout it takes
 * no milliseconds, unlike an animation frame it also comes on pages that are not in view.
 */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
