import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApp } from '../../src/server/app.ts';
import { metricsAnswers } from '../../src/server/metrics.ts';
import { RateLimit } from '../../src/server/rate-limit.ts';

const quiet = { rateLimit: null, faulty: () => {} };
const answers = { '/yes': async () => new Response('yes') };

function ask(app: ReturnType<typeof createApp>, path: string, options: RequestInit = {}) {
  return app.fetch(new Request(`http://x${path}`, options), { client: '10.0.0.1' });
}

test('a path is answered, another is not found, and another method not allowed', async () => {
  const app = createApp(answers, quiet);
  assert.equal(await (await ask(app, '/yes')).text(), 'yes');
  const missing = await ask(app, '/no');
  assert.equal(missing.status, 404);
  assert.deepEqual(await missing.json(), { error: 'not found', paths: ['/yes'] });
  const posted = await ask(app, '/yes', { method: 'POST', body: 'x' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
});

test('every answer, whatever its code, bears the headers that keep browsers away', async () => {
  const rateLimit = new RateLimit({ perMinute: 1, burst: 3 });
  const broken = async () => {
    throw new Error('secret');
  };
  const app = createApp({ ...answers, '/broken': broken }, { ...quiet, rateLimit });
  const responses = [
    await ask(app, '/yes'),
    await ask(app, '/no'),
    await ask(app, '/broken'),
    await ask(app, '/yes'),
  ];
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 404, 500, 429],
  );
  for (const { headers } of responses) {
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('x-frame-options'), 'DENY');
    assert.equal(
      headers.get('content-security-policy'),
      "default-src 'none'; frame-ancestors 'none'",
    );
    assert.equal(headers.get('strict-transport-security'), null);
  }
});

test('a fault of ours is told to us and not to whoever asked', async () => {
  const told: string[] = [];
  const broken = async () => {
    throw new Error('secret');
  };
  const faulty = (error: Error) => told.push(error.message);
  const app = createApp({ '/broken': broken }, { ...quiet, faulty });
  assert.doesNotMatch(await (await ask(app, '/broken')).text(), /secret/);
  assert.deepEqual(told, ['secret']);
});

test('scrapes that come at once share one look, each format its own', async () => {
  const asked: string[] = [];
  const { '/metrics': answer } = metricsAnswers(async (format) => {
    asked.push(format);
    await new Promise(setImmediate);
    return format;
  });
  assert.ok(answer);
  const open = 'application/openmetrics-text; version=1.0.0';
  const texts = [answer(''), answer('text/plain'), answer(open), answer('')];
  assert.deepEqual(await Promise.all(texts.map(async (one) => (await one).text())), [
    'prometheus',
    'prometheus',
    'openmetrics',
    'prometheus',
  ]);
  assert.deepEqual(asked, ['prometheus', 'openmetrics']);
  await answer('');
  assert.equal(asked.length, 3);
});
