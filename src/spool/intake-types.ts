import type { Path } from '../platform/index.ts';

/** A settled file that waits in handoff. */
export type Waiting = {
  /** Its name, or the one that it gets because its own is refused. */
  name: string;
  path: Path;
  /** Place in the order of dropping: modification time in milliseconds since 1970. */
  time: number;
  /** Why its name is refused, and that name made printable. */
  refusedName?: { reason: string; escaped: string };
};

export type IntakeOptions = {
  /** May change while it works; then `retime` is called. */
  times: { readonly debounceMs: number; readonly periodMs: number };
  /** False: no kernel notifications; the periodic look is all there is. */
  watch: boolean;
};

export type IntakeEvents = {
  /** Something has settled. */
  arrived(): void;
  /** A file of this name is being written or replaced: what was read of it no longer counts. */
  changed(name: string): void;
  /** Whether the file of this name in handoff was taken already, so that a look passes over it. */
  taken(name: string): boolean;
  /** Whether any was. */
  takenAny(): boolean;
  /** Under which time the file of this name is known that waits there, read or being read. */
  timeOf(name: string): number | undefined;
  /**
   * Has another thread look at these files, where it has the time: their modification times, NaN for
   * what is no file and for what it cannot look at.
   */
  help(rawNames: string[]): Promise<Float64Array> | null;
  /** A directory bears the name of an intent: it is left alone. */
  directory(name: string): void;
  /** The time of the periodic look has come. */
  awake(): void;
  /** The directory could be read (null) or not. */
  looked(error: unknown): void;
  /** The kernel gives no news, its limits being used up by others: the periodic look must do. */
  unwatched(error: unknown): void;
};
