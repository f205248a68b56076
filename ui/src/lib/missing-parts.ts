const KEY = 'streamstead.reloaded';
const EVERY_MS = 30_000;

/**
 * Load the page anew when a part of it cannot be fetched: after an upgrade its parts have other names. Not twice within
 * half a minute, for then it is something else, which the page says.
 */
export function reloadForMissingParts(reload: () => void = () => window.location.reload()): void {
  window.addEventListener('vite:preloadError', () => {
    if (Date.now() - Number(sessionStorage.getItem(KEY)) < EVERY_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
    reload();
  });
}
