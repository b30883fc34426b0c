/** The thread that reads: it looks at intents, checks them, and answers each message once. */
import { checkContent } from '../intent/content.ts';
import { checkFile } from '../intent/read.ts';
import type { CheckLimits } from '../intent/types.ts';
import { modificationTimes } from '../platform/index.ts';
import { toReader } from './messages.ts';
import { send, serve, sync } from './serve.ts';

serve(toReader, (message) => {
  if (message.type === 'check') {
    const results = message.paths.map((path) => checkFile(path, message.limits));
    send({ type: 'checked', id: message.id, results });
  } else if (message.type === 'look') {
    const times = modificationTimes(message.directory, message.rawNames);
    send({ type: 'seen', id: message.id, times });
  } else if (message.type === 'sync') {
    sync(message);
  } else if (message.type === 'warm') {
    warm(message.limits);
    send({ type: 'warmed' });
  } else {
    send({ type: 'pong' });
  }
});

/** An intent that is in order: reading it has everything compiled that reading takes. */
function warm(limits: CheckLimits): void {
  const sample = '{"intent_type":"scaling","target":"a","namespace":"a","replicas":1,"reason":"a"}';
  checkContent(Buffer.from(sample), limits);
}
