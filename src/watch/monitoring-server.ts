/** What monitoring asks of a watcher over HTTP: `/metrics` for Prometheus, and `/health`. */

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { WatchHealth } from './watch-service.ts';

export interface MonitoringOptions {
  /** Undefined for all addresses. */
  readonly host: string | undefined;
  /** 0 for any that is free. */
  readonly port: number;
  readonly registry: Registry;
  readonly health: () => WatchHealth;
}

/** A server that listens. */
export interface MonitoringServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws what the system says where it cannot listen there */
export async function serveMonitoring(options: MonitoringOptions): Promise<MonitoringServer> {
  const server = createServer((request, response) => {
    const pathname = pathOf(request.url ?? '/');
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    if (!isReading) {
      reply(response, { status: 405, type: 'text/plain', body: 'only GET\n' });
    } else if (pathname === '/health') {
      const health = options.health();
      const body = `${JSON.stringify(health)}\n`;
      const status = health.status === 'ok' ? 200 : 503;
      reply(response, { status, type: 'application/json', body });
    } else if (pathname === '/metrics') {
      replyWithMetrics(response, options.registry);
    } else {
      const body = 'there are /metrics and /health\n';
      reply(response, { status: 404, type: 'text/plain', body });
    }
  });
  await listening(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What is no address at all, such as `//`, has no path. */
function pathOf(url: string): string | undefined {
  const here = 'http://localhost';
  return URL.canParse(url, here) ? new URL(url, here).pathname : undefined;
}

function listening(
  server: Server,
  { host, port }: { readonly host: string | undefined; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function replyWithMetrics(response: ServerResponse, registry: Registry): void {
  registry.metrics().then(
    (body) => reply(response, { status: 200, type: registry.contentType, body }),
    (error: unknown) =>
      reply(response, { status: 500, type: 'text/plain', body: `${String(error)}\n` }),
  );
}

function reply(
  response: ServerResponse,
  { status, type, body }: { status: number; type: string; body: string },
): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
