import { vi } from 'vitest';

/** An XMLHttpRequest whose server is the test. */
export class FakeUpload {
  static all: FakeUpload[] = [];

  /** Stand in for the browser's own until the test ends. */
  static use(): { readonly last: FakeUpload } {
    FakeUpload.all = [];
    vi.stubGlobal('XMLHttpRequest', FakeUpload);
    return {
      get last() {
        const last = FakeUpload.all.at(-1);
        if (!last) throw new Error('nothing has been sent yet');
        return last;
      },
    };
  }

  method = '';
  url = '';
  type = '';
  status = 0;
  responseText = '';
  body: Blob | null = null;
  upload: { onprogress: ((event: { loaded: number }) => void) | null } = { onprogress: null };
  onload: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onabort: (() => void) | null = null;

  open(method: string, url: string): void {
    this.method = method;
    this.url = url;
  }

  setRequestHeader(_name: string, value: string): void {
    this.type = value;
  }

  send(body: Blob): void {
    this.body = body;
    FakeUpload.all.push(this);
  }

  abort(): void {
    this.onabort?.();
  }

  goOn(loaded: number): void {
    this.upload.onprogress?.({ loaded });
  }

  answer(status: number, reply: unknown): void {
    this.status = status;
    this.responseText = typeof reply === 'string' ? reply : JSON.stringify(reply);
    this.onload?.();
  }
}
