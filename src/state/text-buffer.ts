const FIRST_BYTES = 256 * 1024;

/** A character of a string, which has 16 bits, is never more in UTF-8. */
const MOST_BYTES = 3;

/** Text that is put together in one buffer, which is used again: of a million lines none is left. */
export class TextBuffer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  add(text: string): void {
    const most = this.#length + MOST_BYTES * text.length;
    if (most > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * most);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** All that was added since the last time; it is good until more is added. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }
}
