export interface VodUrls {
  watch: string;
  embed: string;
  hls: string;
  mp4: string;
  /** The MP4 as a file to save. */
  download: string;
}

/** Where a recording is watched, as absolute addresses of the host this page was opened on; `pass` may be empty. */
export function vodUrls(id: string, pass = '', origin = location.origin): VodUrls {
  const query = pass === '' ? '' : `?pass=${encodeURIComponent(pass)}`;
  const watch = `${origin}/vod/${id}${query}`;
  const mp4 = `${origin}/vod/${id}.mp4${query}`;
  return {
    watch,
    embed:
      `<iframe src="${watch}" width="960" height="540" style="border:0" ` +
      'allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>',
    hls: `${origin}/vod/${id}.m3u8${query}`,
    mp4,
    download: `${mp4}${query ? '&' : '?'}download=1`,
  };
}
