/** Put `text` on the clipboard; false when the browser allows neither way. */
export async function copyText(text: string): Promise<boolean> {
  // Browsers hide navigator.clipboard on plain http, which is how a new installation is opened.
  if (typeof navigator.clipboard?.writeText === 'function') {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused by permission or focus: the old way may still work.
    }
  }
  return copyBySelection(text);
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.setAttribute('aria-hidden', 'true');
  area.style.cssText = 'position:fixed;top:0;left:0;width:1px;height:1px;opacity:0';
  const before = document.activeElement;
  // A dialog that keeps the focus to itself would take it back from an element outside.
  const host = before?.closest('[role="dialog"]') ?? document.body;
  host.append(area);
  area.focus({ preventScroll: true });
  area.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    area.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }
}
