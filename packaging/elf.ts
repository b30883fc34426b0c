/** Where things are in a 64-bit ELF file, in its program headers and in its section headers. */
const FILE = {
  programs: 0x20,
  sections: 0x28,
  programCount: 0x38,
  sectionCount: 0x3c,
  names: 0x3e,
};
const PROGRAM = { bytes: 0x38, offset: 0x08, size: 0x20 };
const SECTION = { bytes: 0x40, flags: 0x08, offset: 0x18, size: 0x20 };

/** The section is in memory when the program runs. */
const ALLOCATED = 2n;

/**
 * The same program without its symbols and debugging data, which nothing reads when it runs: a
 * fifth of Node. All that is loaded into memory lies before them, in the table of sections too, so
 * both are cut off behind it, and the names of the sections put there. Written here because `strip`
 * knows one processor at a time and is not everywhere, and a binary must not depend on who makes it.
 */
export function stripped(elf: Buffer): Buffer {
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) {
    throw new Error('not a 64-bit little-endian ELF file');
  }
  const number = (at: number) => Number(elf.readBigUInt64LE(at));
  const programs = Array.from({ length: elf.readUInt16LE(FILE.programCount) }, (_, index) => {
    return number(FILE.programs) + index * PROGRAM.bytes;
  });
  const sections = Array.from({ length: elf.readUInt16LE(FILE.sectionCount) }, (_, index) => {
    const start = number(FILE.sections) + index * SECTION.bytes;
    return elf.subarray(start, start + SECTION.bytes);
  });
  const namesHeader = Buffer.from(sections[elf.readUInt16LE(FILE.names)] ?? []);
  const namesAt = Number(namesHeader.readBigUInt64LE(SECTION.offset));
  const names = elf.subarray(namesAt, namesAt + Number(namesHeader.readBigUInt64LE(SECTION.size)));

  const ends = programs.map((at) => number(at + PROGRAM.offset) + number(at + PROGRAM.size));
  const loaded = elf.subarray(0, Math.max(...ends));
  const kept = sections.findLastIndex((at) => (at.readBigUInt64LE(SECTION.flags) & ALLOCATED) > 0n);
  namesHeader.writeBigUInt64LE(BigInt(loaded.length), SECTION.offset);
  const padding = Buffer.alloc(-(loaded.length + names.length) & 7);
  const headers = [...sections.slice(0, kept + 1), namesHeader];
  const result = Buffer.concat([loaded, names, padding, ...headers]);
  result.writeBigUInt64LE(BigInt(loaded.length + names.length + padding.length), FILE.sections);
  result.writeUInt16LE(headers.length, FILE.sectionCount);
  result.writeUInt16LE(headers.length - 1, FILE.names);
  return result;
}
