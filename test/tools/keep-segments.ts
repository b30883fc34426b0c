/**
 * Keeps what the program removes of its journals: loaded before it (`--import`), this gives each
 * segment that is being unlinked a second name in the directory KEEP_SEGMENTS. So a test can count
 * every outcome that was ever recorded, whatever was compacted while nobody looked.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const { KEEP_SEGMENTS: kept } = process.env;
const { link, lstat, unlink } = fs;

/**
 * The program begins a journal under the same name again and again: the inode keeps them apart. Where
 * only so many bytes of it count (`.journal.NUMBER-BYTES`), the new name says so too.
 */
async function keep(path: string): Promise<void> {
  if (kept === undefined) throw new Error('KEEP_SEGMENTS is not set');
  try {
    const { ino } = await lstat(path);
    const [limit = ''] = /-\d+$/.exec(path) ?? [];
    await link(path, join(kept, `.conductor-state.kept.journal.${ino}${limit}`));
  } catch (error) {
    // It may be gone; and who kept it before may have been killed before it removed it.
    const errno = error instanceof Error && 'code' in error ? error.code : undefined;
    if (errno !== 'ENOENT' && errno !== 'EEXIST') throw error;
  }
}

fs.unlink = async (path) => {
  if (/\.journal(\.\d+(-\d+)?)?$/.test(String(path))) await keep(String(path));
  await unlink(path);
};
syncBuiltinESMExports();
