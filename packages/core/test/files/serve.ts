import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';

/** What a path answers with: a body, or a status and a body. */
export type Answers = Record<string, Uint8Array | string | {status: number; body?: string; type?: string}>;

/** Serves `answers` by path on this machine while `action` runs; every other path is 404. The paths asked for come back. */
export async function served(answers: Answers, action: (base: string) => Promise<void>): Promise<string[]> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    asked.push(path);
    const answer = answers[path] ?? {status: 404};
    if (typeof answer === 'string' || answer instanceof Uint8Array) response.end(answer);
    else response.writeHead(answer.status, {'content-type': answer.type ?? 'text/plain'}).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await action(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return asked;
}
