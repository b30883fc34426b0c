import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startIn } from '../../src/platform/windows-process.ts';

/** As NtQuerySystemInformation fills it: the records have threads of different number behind them. */
function listOf(...processes: { pid: number; created: bigint; bytes: number }[]): Buffer {
  return Buffer.concat(
    processes.map(({ pid, created, bytes }, index) => {
      const record = Buffer.alloc(bytes, 0xee);
      record.writeUInt32LE(index === processes.length - 1 ? 0 : bytes, 0);
      record.writeBigUInt64LE(created, 0x20);
      record.writeBigUInt64LE(BigInt(pid), 0x50);
      return record;
    }),
  );
}

test('the start of a process that is not ours to open is read from the list of all', () => {
  const list = listOf(
    { pid: 0, created: 0n, bytes: 0x100 },
    { pid: 4, created: 133_700_000_000_000_001n, bytes: 0x1a0 },
    { pid: 1234, created: 133_700_000_000_000_002n, bytes: 0x140 },
  );
  assert.equal(startIn(list, 4), '133700000000000001');
  assert.equal(startIn(list, 1234), '133700000000000002');
  assert.equal(startIn(list, 5678), null);
});
