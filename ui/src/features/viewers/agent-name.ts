// The first that fits: a browser also names those it descends from, so the descendants come first.
const KNOWN: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/\bSamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/\bMicroMessenger\/(\d+)/, 'WeChat'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//, 'Safari'],
  [/\bVLC\/(\d+)/, 'VLC'],
  [/\bLavf\/(\d+)/, 'FFmpeg'],
  [/\bOBS[ /-]?(?:Studio\/)?(\d+)?/i, 'OBS'],
  [/\bAppleCoreMedia\/(\d+)/, 'Apple player'],
  [/\bExoPlayer\w*\/(\d+)/, 'ExoPlayer'],
  [/\bcurl\/(\d+)/, 'curl'],
];

/** A user agent in two words, such as “Chrome 140”; null when it is none we know. */
export function agentName(userAgent: string): string | null {
  for (const [pattern, name] of KNOWN) {
    const found = pattern.exec(userAgent);
    if (found) return found[1] ? `${name} ${found[1]}` : name;
  }
  return null;
}
