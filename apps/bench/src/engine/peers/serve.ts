import {createInterface} from 'node:readline';
import type {Readable, Writable} from 'node:stream';
import type {Task} from '../tasks/task';
import type {Computation, Library} from './computation';
import type {Reply, Request} from './protocol';

/** Computes the tasks that it is asked for with a library, one at a time. */
export class TaskServer {
  private computation: Computation | undefined;

  constructor(private readonly library: Library) {}

  /** Answers a request; an error becomes an answer. */
  async answer(request: Request): Promise<Reply> {
    try {
      return 'task' in request ? await this.prepare(request.task) : await this.time(request);
    } catch (error) {
      const {message} = error as Error;
      // What tfjs says of an operation that a backend lacks.
      return /not registered for the? ?backend|Kernel '.*' not registered/.test(message)
        ? {none: true}
        : {error: message.split('\n')[0]};
    }
  }

  /** Frees what the last task holds. */
  async dispose(): Promise<void> {
    await this.computation?.dispose();
    this.computation = undefined;
  }

  private async prepare(task: Task): Promise<Reply> {
    await this.dispose();
    const prepare = this.library[task.operation] as ((task: Task) => Computation | Promise<Computation>) | undefined;
    if (!prepare) return {none: true};
    this.computation = await prepare(task);
    await this.computation.run();
    return {result: await this.computation.result()};
  }

  private async time({calls, untimed}: {calls: number; untimed: number}): Promise<Reply> {
    if (!this.computation) throw new Error('there is no task');
    for (let i = 0; i < untimed; i++) await this.computation.run();
    const start = performance.now();
    for (let i = 0; i < calls; i++) await this.computation.run();
    return {milliseconds: performance.now() - start};
  }
}

/** Answers lines with lines until there are no more. */
export async function serve(library: Library, input: Readable, output: Writable): Promise<void> {
  const server = new TaskServer(library);
  for await (const line of createInterface({input}))
    output.write(`${JSON.stringify(await server.answer(JSON.parse(line)))}\n`);
  await server.dispose();
}
