import { expect, test, vi } from 'vitest';
import { reloadForMissingParts } from './missing-parts';

test('a page whose part cannot be fetched is loaded anew, and not again and again', () => {
  const reload = vi.fn();
  reloadForMissingParts(reload);
  window.dispatchEvent(new Event('vite:preloadError'));
  expect(reload).toHaveBeenCalledTimes(1);
  window.dispatchEvent(new Event('vite:preloadError'));
  expect(reload).toHaveBeenCalledTimes(1);
});
