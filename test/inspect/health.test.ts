import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { askHealth, healthUrl } from '../../src/inspect/health.ts';

const http = { enabled: true, healthPort: 8080, bindAddress: '0.0.0.0' };

async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return `http://127.0.0.1:${address.port}/health`;
}

test('the settings say where to ask, and whether', () => {
  assert.equal(healthUrl(http), 'http://127.0.0.1:8080/health');
  for (const [bindAddress, host] of [
    ['::', '[::1]'],
    ['10.0.0.7', '10.0.0.7'],
    ['fd00::1', '[fd00::1]'],
  ] as const) {
    assert.equal(healthUrl({ ...http, bindAddress }), `http://${host}:8080/health`);
  }
  assert.equal(healthUrl({ ...http, enabled: false }), null);
  assert.equal(healthUrl({ ...http, healthPort: 0 }), null);
});

test('what the instance says of itself is told, with its checks', async (t) => {
  const failed = { name: 'state', state: 'fail', message: 'no' };
  const about = { service: 'conductor-loop', instance: 'one' };
  const url = await serve(t, (_request, response) => {
    const checks = [{ ...failed, duration_ms: 3 }];
    response.writeHead(503).end(JSON.stringify({ status: 'fail', ...about, checks }));
  });
  const health = await askHealth(url);
  assert.deepEqual(health, { url, state: 'fail', message: 'says one', checks: [failed] });
});

test('another program on the port, one without end, and nobody are told as such', async (t) => {
  const page = await serve(t, (_request, response) => response.end('<html>'));
  assert.match((await askHealth(page)).message, /HTTP 200\) is not conductor-loop/);
  const endless = await serve(t, (_request, response) => {
    const more = () => {
      while (response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  });
  assert.match((await askHealth(endless)).message, /not conductor-loop/);
  const silent = await serve(t, () => {});
  const waited = await askHealth(silent);
  assert.equal(waited.state, 'unknown');
  assert.match(waited.message, /no answer within 2s/);
  assert.match((await askHealth(silent, 100)).message, /no answer within 100ms/);
});
