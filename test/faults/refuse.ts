/**
 * Loaded before the program, this lets no status be renamed into its place while the file REFUSE_WHILE
 * exists, with the errno REFUSE_WITH: for errors that no disk gives on demand.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const { REFUSE_WITH: code = '', REFUSE_WHILE: file = '' } = process.env;
const { renameSync } = fs;

fs.renameSync = (from, to) => {
  if (/\.status$/.test(String(to)) && fs.existsSync(file)) {
    throw Object.assign(new Error(`${code}: refused, rename '${to}'`), { code });
  }
  renameSync(from, to);
};
syncBuiltinESMExports();
