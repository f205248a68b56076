const WINDOW_MS = 6_000;

/** How fast something moved in the last seconds. */
export class SpeedMeter {
  private samples: { at: number; bytes: number }[] = [];

  /** `bytes` are there at the moment `at`, ms. Less than before begins anew. */
  add(bytes: number, at: number): void {
    const last = this.samples.at(-1);
    if (last && bytes < last.bytes) this.samples = [];
    this.samples.push({ at, bytes });
    // One sample older than the window stays: from it the window is measured.
    while ((this.samples[1]?.at ?? at) < at - WINDOW_MS) this.samples.shift();
  }

  /** Bytes a second; null while too little is known. */
  read(): number | null {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at - first.at < 500) return null;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }

  reset(): void {
    this.samples = [];
  }
}
