export interface StreamUrls {
  watch: string;
  hls: string;
  flv: string;
  embed: string;
}

/** Where a stream is watched, as absolute addresses of the host this page was opened on. */
export function streamUrls(app: string, stream: string, origin = location.origin): StreamUrls {
  const path = `${encodeURIComponent(app)}/${encodeURIComponent(stream)}`;
  const watch = `${origin}/watch/${path}`;
  return {
    watch,
    hls: `${origin}/${path}.m3u8`,
    flv: `${origin}/${path}.flv`,
    embed:
      `<iframe src="${watch}" width="960" height="540" style="border:0" ` +
      'allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>',
  };
}
