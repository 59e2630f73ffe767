import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import type {Contestant} from '../sampling';
import type {Task} from '../tasks/task';
import type {Reply, Request} from './protocol';

/** How a peer's process is started. */
export interface PeerCommand {
  file: string;
  args: readonly string[];
  environment?: {[name: string]: string};
}

/** How much longer the first answer of a process may take: libraries are loaded before it. */
const startSeconds = 100;

interface Running {
  child: ChildProcessWithoutNullStreams;
  /** Takes the next line, or the news that there will be none. */
  settle: (reply: Reply) => void;
  /** The last line on standard error. */
  complaint: string;
}

/**
 * A peer in a process of its own, so that no library has a share in another's memory, compiled code or global state. It is
 * started by the first task, ended when an answer takes too long, and then started again by the next task.
 */
export class PeerProcess implements Contestant {
  private running: Running | undefined;

  /** @param patienceSeconds How long an answer may take. */
  constructor(
    readonly label: string,
    readonly lingers: boolean,
    private readonly command: PeerCommand,
    private readonly patienceSeconds: number,
  ) {}

  prepare(task: Task): Promise<Reply> {
    return this.ask({task});
  }

  time(calls: number, untimed: number): Promise<Reply> {
    return this.ask({calls, untimed});
  }

  /** Ends the process, whatever it is doing. */
  stop(): void {
    const {running} = this;
    this.running = undefined;
    running?.child.kill('SIGKILL');
    running?.settle({error: 'stopped'});
  }

  private async ask(request: Request): Promise<Reply> {
    const seconds = this.patienceSeconds + (this.running ? 0 : startSeconds);
    const running = this.running ?? this.start();
    this.running = running;
    const answer = new Promise<Reply>((resolve) => {
      running.settle = resolve;
    });
    running.child.stdin.write(`${JSON.stringify(request)}\n`);
    const timer = setTimeout(() => {
      running.settle({tooLong: seconds});
      this.stop();
    }, 1000 * seconds);
    return answer.finally(() => clearTimeout(timer));
  }

  private start(): Running {
    const {file, args, environment} = this.command;
    const child = spawn(file, args, {env: {...process.env, ...environment}});
    const running: Running = {child, settle: () => {}, complaint: ''};
    createInterface({input: child.stdout}).on('line', (line) => running.settle(JSON.parse(line)));
    createInterface({input: child.stderr}).on('line', (line) => {
      if (line.trim() !== '') running.complaint = line;
    });
    const ended = (reason: string) => {
      running.settle({error: running.complaint || reason});
      if (this.running === running) this.running = undefined;
    };
    child.on('error', ({message}) => ended(message));
    child.on('close', (code, signal) => ended(`the process ended with ${signal ?? code}`));
    // What it was told when it had ended already; `close` says the rest.
    child.stdin.on('error', () => {});
    return running;
  }
}
