import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';

/** What a page is allowed to do. */
export type PageKind = 'isolated' | 'isolated-without-workers' | 'plain';

const isolation = {'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp'};

/** What a server says with the pages of a kind. */
export const headers: Record<PageKind, Record<string, string>> = {
  isolated: isolation,
  'isolated-without-workers': {...isolation, 'content-security-policy': "worker-src 'none'"},
  plain: {},
};

const html = (script: string) =>
  `<!doctype html><meta charset="utf-8"><title>tests</title><script src="${script}"></script>`;

/** Serves pages that load one script each, on this machine alone. */
export class Pages {
  private constructor(private readonly server: Server) {}

  /**
   * @param scripts Their texts, by name. Each has a page of every kind.
   */
  static async serve(scripts: ReadonlyMap<string, string>): Promise<Pages> {
    const server = createServer(({url = ''}, response) => {
      const [, kind, file = ''] = url.split('/');
      const script = scripts.get(file.replace(/\.\w+$/, ''));
      if (script === undefined || !(kind in headers)) {
        response.writeHead(404).end();
        return;
      }
      const isScript = file.endsWith('.js');
      const type = `text/${isScript ? 'javascript' : 'html'}; charset=utf-8`;
      response.writeHead(200, {...headers[kind as PageKind], 'content-type': type});
      response.end(isScript ? script : html(file.replace('.html', '.js')));
    });
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve));
    return new Pages(server);
  }

  /** The address of the page that loads a script. */
  url(kind: PageKind, script: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${kind}/${script}.html`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
