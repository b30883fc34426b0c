/** What porch does with its streams: memory stays bounded, and what is kept is clean. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { misbehaving, peakMemoryMb } from './porch.ts';
import { scaled } from './scale.ts';

const floodBytes = scaled(512, 2048) * 1024 * 1024;
/** Two streams of 64 KiB, chunks on their way, and what V8 has not collected yet. */
const allowedMb = 128;

misbehaving(
  'a flood on both streams is read to its end in bounded memory',
  `[ $name = intent-first.json ] && exit 0
  echo first; echo first >&2
  yes | head -c ${floodBytes / 2} & yes | head -c ${floodBytes / 2} >&2
  wait; echo last; echo last >&2`,
  async (setting) => {
    const { spool, flags } = setting;
    const program = await spool.watch([...flags, '-log-level', 'debug', '-porch-timeout', '5m']);
    await spool.filed(setting.drop('first'));
    const before = peakMemoryMb(program.pid);
    const name = setting.drop('flood');
    await spool.filed(name, 'success', 300_000);
    const grown = peakMemoryMb(program.pid) - before;
    assert.ok(grown < allowedMb, `${grown} MB more`);
    const [ended] = program.logged(/^porch ended$/).filter((line) => line.intent_file === name);
    for (const text of [String(ended?.stdout), String(ended?.stderr)]) {
      assert.ok(text.length < 66_000, `${text.length} letters`);
      assert.ok(text.startsWith('first\ny\n') && text.endsWith('y\nlast\n'), text.slice(-100));
      assert.match(text.replace(/y\n/g, ''), /^first\n\n… \d+ bytes left out …\n\n?last\n$/);
    }
  },
);

misbehaving(
  'a run whose streams are closed is not over before it ends',
  `exec <&- >&- 2>&-
  [ $name = intent-sleeps.json ] && exec sleep 60
  sleep 1; echo ended >>$told`,
  async (setting) => {
    const { spool, flags } = setting;
    const ends = setting.drop('ends');
    const sleeps = setting.drop('sleeps', { timeout: '500ms' });
    await spool.once([...flags, '-retry-max-attempts', '1', '-max-workers', '2']);
    assert.equal(spool.status(ends)?.status, 'success');
    assert.deepEqual(setting.told, ['ended']);
    assert.equal(spool.status(sleeps)?.error_details?.error_code, 'E007');
  },
);

const secrets = ['hunter22', 'AKIAABCDEFGHIJKLMNOP', 'c2VjcmV0LXRva2Vu'];
const garbage = String.raw`
line() { head -c 65536 /dev/zero | tr '\0' "$1"; printf '\n'; }
say() {
  printf '\033[31;1mred\033[0m \033]0;title\007 \0 \r\b\177 \302\233 \342\200\256 \377\376\300\200 \355\240\200\n'
  line '\377'
  printf '\033[2Jpassword=hunter22 AKIAABCDEFGHIJKLMNOP\nAuthorization: Bearer c2VjcmV0LXRva2Vu\n'
  line '\033' | head -c 900; printf '\n'
  printf 'its last words \033[1m token="hunter22" \377\n'
}
say; say >&2; exit 1`;

misbehaving('garbage, escapes and secrets are cleaned everywhere', garbage, async (setting) => {
  const { spool, flags } = setting;
  const name = setting.drop('a');
  const { program } = await spool.once([...flags, '-log-level', 'debug']);
  const files = [
    spool.path('handoff', 'status', `${name}.status`),
    spool.path('handoff', 'failed', `${name}.error.log`),
    spool.path('handoff', '.conductor-state.json'),
  ].map((path) => new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)));
  assert.match(spool.status(name)?.error_details?.error_message ?? '', /its last words/);
  for (const text of [...files, program.stderr]) {
    for (const secret of secrets) assert.ok(!text.includes(secret), secret);
    // Newline and tab are the only control characters; marks that turn the writing are none.
    assert.doesNotMatch(text, /[\0-\x08\x0B-\x1F\x7F-\x9F\u202A-\u202E\uFFFE\uD800-\uDFFF]/u);
  }
  assert.ok(program.logged(/^porch ended$/).length > 0);
});
