type Ffi = typeof import('node:ffi');

/**
 * Node's door to the C library, or null where the runtime has none. The runtime is pinned, so that
 * its experimental API is a known one: operators need no warning of it.
 */
export function loadFfi(): Ffi | null {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:ffi') ?? null;
  } finally {
    process.emitWarning = emitWarning;
  }
}
