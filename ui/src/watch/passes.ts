/**
 * The passes this browser has for one stream: the one in the link, then the one that a passphrase
 * brought, kept until the tab is closed.
 */
export class Passes {
  private readonly waiting: string[];
  private readonly key: string;

  constructor(app: string, stream: string, search: string) {
    this.key = `streamstead.pass.${app}/${stream}`;
    const known = [new URLSearchParams(search).get('pass') ?? '', read(this.key)];
    this.waiting = known.filter((pass, at) => pass !== '' && known.indexOf(pass) === at);
  }

  /** The one to show; empty when there is none. */
  get current(): string {
    return this.waiting[0] ?? '';
  }

  /** Drop the current one for good; true when another is left to try. */
  drop(): boolean {
    if (this.waiting.shift() === read(this.key)) write(this.key, '');
    return this.waiting.length > 0;
  }

  /** Use `pass` from now on. */
  keep(pass: string): void {
    this.waiting.splice(0, this.waiting.length, pass);
    write(this.key, pass);
  }
}

// Storage may be blocked, as in some embedded pages: then a pass lasts until the next load.
function read(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

function write(key: string, pass: string): void {
  try {
    if (pass === '') sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, pass);
  } catch {
    return;
  }
}
