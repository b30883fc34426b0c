import { formatSize } from '../config/units.ts';
import type { Story } from '../inspect/story.ts';
import { cleanControl } from '../telemetry/scrub.ts';
import { clock, plain, section, titleOf } from './status-page.ts';
import { bold, dim, green, type Look, red, wrap } from './terminal.ts';

/** The page of `conductor-loop show`: one intent's story, for a person. */
export function storyPage(story: Story, look: Look): string[] {
  return [
    `${bold(plain(story.name), look)}  ${verdict(story, look)}`,
    '',
    ...section('Now in', placeLines(story), look),
    ...section('Status', statusLines(story, look), look),
    ...section('Journal', journalLines(story), look),
    ...section('Snapshot', snapshotLines(story), look),
    ...section('Package', packageLines(story), look),
    ...section('Error log', logLines(story, look), look),
  ];
}

function verdict({ status, snapshot, places }: Story, look: Look): string {
  if (places.some(({ file }) => file.startsWith('.inflight'))) return 'is being worked on';
  if (places.some(({ file }) => !/[/\\]/.test(file))) return 'waits';
  if (status !== null) {
    const isDone = status.status === 'success' || status.status === 'skipped';
    const code = status.error_details?.error_code;
    const why = code === undefined ? '' : ` ${code} ${titleOf(code)}`;
    return isDone ? green(status.status, look) : red(`${status.status}${why}`, look);
  }
  if (snapshot === null) return 'without a status';
  return snapshot.succeeded ? green('success', look) : red('failed', look);
}

function placeLines({ places }: Story): string[] {
  if (places.length === 0) return ['no directory any more'];
  return places.map(({ file, size, modified, mode, owner }) => {
    return `${plain(file)}  ${formatSize(size)}, modified ${clock(modified)}, mode ${mode}, owner ${owner}`;
  });
}

function statusLines({ status }: Story, look: Look): string[] {
  if (status === null) return ['there is none'];
  const { timestamp, instance, attempts, processing_duration: took, message, sha256 } = status;
  const tried = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} in ${took}`;
  const correlation = typeof status.correlation_id === 'string' ? status.correlation_id : '';
  return [
    plain(`${status.status}  ${clock(timestamp)}  by ${instance}, ${tried}`),
    ...wrap(plain(message), look.width - 12),
    ...(correlation === '' ? [] : [`correlation ${plain(correlation)}`]),
    ...(sha256 === '' ? [] : [dim(`SHA-256 ${plain(sha256)}`, look)]),
  ];
}

function journalLines({ journal }: Story): string[] {
  if (journal.length === 0) return ['nothing since the snapshot'];
  return journal.map(({ what, time, instance, detail }) => {
    const by = instance === '' ? '' : `  by ${instance}`;
    return plain(`${time === null ? '' : `${clock(time)}  `}${what}  ${detail}${by}`).trimEnd();
  });
}

function snapshotLines({ snapshot }: Story): string[] {
  if (snapshot === null) return [];
  return [`${snapshot.succeeded ? 'success' : 'failed'}  ${clock(snapshot.time)}`];
}

function packageLines(story: Story): string[] {
  if (story.package === null) return [];
  const { path, exists } = story.package;
  return [exists ? plain(path) : `${plain(path)} is not there any more`];
}

function logLines({ log }: Story, look: Look): string[] {
  if (log === null) return [];
  const lines = cleanControl(log.text).trimEnd().split('\n');
  return [dim(plain(log.file), look), ...lines.map((line) => line.replaceAll('\t', ' '))];
}
