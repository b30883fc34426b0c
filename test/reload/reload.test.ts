import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import pino from 'pino';
import { loadSettings } from '../../src/config/load.ts';
import { Reload } from '../../src/reload/reload.ts';
import { put, tempDir } from '../spool/support.ts';
import { until } from '../tools/until.ts';

test('the first look at the file is no news for the service manager, a change is', async (t) => {
  const directory = tempDir(t);
  const file = put(directory, 'config.json', '{}');
  const sources = { flags: {}, environment: {}, directory, configPath: file };
  const loaded = loadSettings(sources);
  const told: string[] = [];
  let loads = 0;
  const reload = new Reload({
    source: {
      file,
      surroundings: sources,
      load() {
        loads++;
        return loadSettings(sources);
      },
    },
    loaded,
    settings: { ...loaded.settings },
    log: pino({ level: 'silent' }),
    service: {
      reloading: () => told.push('reloading'),
      reloaded: () => told.push('reloaded'),
    },
  });
  reload.begin();
  t.after(() => reload.end());
  await until(() => loads === 1);
  assert.deepEqual(told, []);
  writeFileSync(`${file}.new`, '{"debounce":"1s"}');
  renameSync(`${file}.new`, file);
  await until(() => told.length > 0);
  assert.deepEqual(told, ['reloading', 'reloaded']);
});
