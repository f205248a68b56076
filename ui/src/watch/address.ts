/** `/watch/<app>/<stream>` into its parts; null when it is something else. */
export function readAddress(pathname: string): { app: string; stream: string } | null {
  const match = /^\/watch\/([^/]+)\/([^/]+)\/?$/.exec(pathname);
  if (!match?.[1] || !match[2]) return null;
  try {
    return { app: decodeURIComponent(match[1]), stream: decodeURIComponent(match[2]) };
  } catch {
    return null;
  }
}
