/** An EventSource whose server is the test. */
export class FakeEventSource extends EventTarget {
  static readonly all: FakeEventSource[] = [];

  static get last(): FakeEventSource {
    const last = FakeEventSource.all.at(-1);
    if (!last) throw new Error('nothing has connected yet');
    return last;
  }

  /** The newest connection to `path` below the API's root. */
  static to(path: string): FakeEventSource {
    const found = FakeEventSource.all.findLast(({ url }) => url === `/terraform/v1/${path}`);
    if (!found) throw new Error(`nothing has connected to ${path} yet`);
    return found;
  }

  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;

  constructor(readonly url: string) {
    super();
    FakeEventSource.all.push(this);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.();
  }

  fail(): void {
    this.onerror?.();
  }

  send(type: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }));
  }
}
