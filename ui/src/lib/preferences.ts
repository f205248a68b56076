/** Read a choice kept in this browser; null when storage is blocked, as in some embedded pages. */
export function readPreference(name: string): string | null {
  try {
    return localStorage.getItem(`streamstead.${name}`);
  } catch {
    return null;
  }
}

export function writePreference(name: string, value: string): void {
  try {
    localStorage.setItem(`streamstead.${name}`, value);
  } catch {
    // The choice then lasts until the page is closed.
  }
}
