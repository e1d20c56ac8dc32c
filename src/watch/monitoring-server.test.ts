import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MonitoringServer, serveMonitoring } from './monitoring-server.ts';
import { typeLabel, WatchMetrics } from './watch-metrics.ts';
import type { WatchHealth } from './watch-service.ts';

describe('serveMonitoring', () => {
  let server: MonitoringServer;
  let problems: string[] = [];

  beforeEach(async () => {
    problems = [];
    const metrics = new WatchMetrics({ withProcess: true });
    metrics.performed.inc({ type: typeLabel('paris') }, 3);
    metrics.observe('fantrace_answer', 'Looked up when asked for', () => 42);
    server = await serveMonitoring({
      host: '127.0.0.1',
      port: 0,
      registry: metrics.registry,
      health: (): WatchHealth => ({
        status: problems.length === 0 ? 'ok' : 'degraded',
        problems,
        following: 0,
        tracesRunning: 0,
        tracesWaiting: 0,
        resultsWaiting: 0,
      }),
    });
  });

  afterEach(() => server.close());

  async function get(path: string, method = 'GET'): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return { status: response.status, text: await response.text() };
  }

  it('has the metrics of the ancestor by their names, ours, and those of the process', async () => {
    const { status, text } = await get('/metrics');
    expect(status).toBe(200);
    expect(text).toContain('\ntraces_performed_total{type="paris-traceroute"} 3\n');
    expect(text).toContain('\nfantrace_answer 42\n');
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    for (const name of [
      'traces_in_progress',
      'traces_crashed_total',
      'traces_skipped_total',
      'traces_error_caching_total',
      'traces_scamper_daemon_running',
      'trace_time_seconds',
      'hop_cache_operations_total',
      'hop_annotation_errors_total',
      'uuid_annotator_client_rpcs_total',
      'git_short_commit',
    ]) {
      expect(text).toContain(`# TYPE ${name} `);
    }
  });

  it('says whether all is well', async () => {
    expect(await get('/health')).toMatchObject({ status: 200 });
    problems.push('results cannot be written');
    const { status, text } = await get('/health');
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ status: 'degraded', problems });
  });

  it('has nothing else', async () => {
    expect(await get('/')).toMatchObject({ status: 404 });
    expect(await get('//')).toMatchObject({ status: 404 }); // no URL
    expect(await get('/metrics', 'POST')).toMatchObject({ status: 405 });
  });

  it('tells when it cannot listen', async () => {
    const again = serveMonitoring({
      host: '127.0.0.1',
      port: server.port,
      registry: new WatchMetrics({ withProcess: false }).registry,
      health: () => {
        throw new Error('never asked');
      },
    });
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
