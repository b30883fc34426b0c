/** A thread that runs the embedded porch, and answers each message once. */
import { runBuiltin } from '../porch/builtin/run.ts';
import { toEmbedded } from './messages.ts';
import { send, serve } from './serve.ts';

serve(toEmbedded, (message) => {
  if (message.type === 'run') {
    const results = runBuiltin(message.requests, message.limits);
    send({ type: 'ran', id: message.id, results, returned: 0, done: true });
  } else if (message.type === 'warm') {
    send({ type: 'warmed' });
  } else if (message.type === 'ping') {
    send({ type: 'pong' });
  }
  // What is left is `cancel`: when it is heard, no run is under way.
});
