export interface StreamUrls {
  watch: string;
  hls: string;
  flv: string;
  embed: string;
}

/** Where players fetch a stream, one address a method. */
export interface PlaybackSource {
  whep: string;
  flv: string;
  hls: string;
}

/** `pass` (may be empty) goes along in every address. */
export function playbackSource(app: string, stream: string, pass: string, origin = location.origin): PlaybackSource {
  const path = `${encodeURIComponent(app)}/${encodeURIComponent(stream)}`;
  const query = pass === '' ? '' : `pass=${encodeURIComponent(pass)}`;
  return {
    whep: `${origin}/rtc/v1/whep/?app=${encodeURIComponent(app)}&stream=${encodeURIComponent(stream)}${query && `&${query}`}`,
    flv: `${origin}/${path}.flv${query && `?${query}`}`,
    hls: `${origin}/${path}.m3u8${query && `?${query}`}`,
  };
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
