/** The thread that reads: it looks at intents, checks them, and answers each message once. */
import { checkFile } from '../intent/read.ts';
import { rehearse } from '../intent/rehearse.ts';
import { modificationTimes } from '../platform/index.ts';
import { toReader } from './messages.ts';
import { send, serve } from './serve.ts';

serve(toReader, (message) => {
  if (message.type === 'check') {
    const results = message.paths.map((path) => checkFile(path, message.limits));
    send({ type: 'checked', id: message.id, results });
  } else if (message.type === 'look') {
    const times = modificationTimes(message.directory, message.rawNames);
    send({ type: 'seen', id: message.id, times });
  } else if (message.type === 'warm') {
    rehearse(message.limits);
    send({ type: 'warmed' });
  } else {
    send({ type: 'pong' });
  }
});
