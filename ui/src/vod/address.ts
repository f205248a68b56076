const ADDRESS = /^\/vod\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/?$/;

/** The recording that `/vod/<id>` names; null when it is something else. */
export function readAddress(pathname: string): string | null {
  return ADDRESS.exec(pathname)?.[1] ?? null;
}

/** Seconds that `#t=95` asks for; 0 when it asks for nothing. */
export function readMoment(hash: string): number {
  const found = /^#t=(\d{1,6})$/.exec(hash);
  return found ? Number(found[1]) : 0;
}
