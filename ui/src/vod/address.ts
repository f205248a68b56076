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

/** Where a recording is watched, as absolute addresses of the host this page was opened on. */
export function vodUrls(id: string, origin = location.origin): { watch: string; embed: string } {
  const watch = `${origin}/vod/${id}`;
  return {
    watch,
    embed:
      `<iframe src="${watch}" width="960" height="540" style="border:0" ` +
      'allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>',
  };
}
