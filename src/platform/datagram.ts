import { closeSync } from 'node:fs';
import { libc, systemError } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** sun_path of unix(7), its final zero byte included. */
const LONGEST_PATH = 108;

/**
 * Sends one message to a Unix datagram socket, for which Node has no function; an address that begins
 * with `@` is in the abstract namespace. Never waits. False where this system has no way to do it.
 * Throws errno errors, EAGAIN among them where the receiver is behind.
 */
export function sendDatagram(address: string, text: string): boolean {
  if (!libc) return false;
  const name = socketName(address);
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC);
  if (fd < 0) throw systemError(libc.errno(), 'socket');
  try {
    const sent = libc.sendto(fd, Buffer.from(text), MSG_DONTWAIT | MSG_NOSIGNAL, name);
    if (sent < 0) throw systemError(libc.errno(), 'sendto', address);
    return true;
  } finally {
    closeSync(fd);
  }
}

/** A sockaddr_un: its length counts for an abstract name, which has no end mark. */
function socketName(address: string): Buffer {
  const path = Buffer.from(address.startsWith('@') ? `\0${address.slice(1)}` : `${address}\0`);
  if (path.length > LONGEST_PATH) throw systemError(ENAMETOOLONG, 'sendto', address);
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, path]);
}

const ENAMETOOLONG = 36;
