import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import i18next from 'i18next';
import { afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { changeLanguage, startI18n } from '../lib/i18n';
import { onSignedOut } from '../lib/api-client';
import { FakeEventSource } from './fake-event-source';

// A busy machine is no failure: what is waited for comes in its own time.
configure({ asyncUtilTimeout: 20_000 });

// What a browser has and jsdom lacks.
window.matchMedia = (query) =>
  ({
    matches: false,
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    addListener: () => undefined,
    removeListener: () => undefined,
  }) as unknown as MediaQueryList;
globalThis.ResizeObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
Element.prototype.scrollIntoView = () => undefined;
window.scrollTo = () => undefined;
HTMLMediaElement.prototype.play = () => Promise.resolve();
HTMLMediaElement.prototype.pause = () => undefined;
HTMLMediaElement.prototype.load = () => undefined;

beforeAll(async () => {
  await startI18n('en');
});

beforeEach(() => {
  vi.stubGlobal('EventSource', FakeEventSource);
});

afterEach(async () => {
  cleanup();
  // Pages without React leave theirs, and the next file has the same document.
  document.body.replaceChildren();
  onSignedOut(() => undefined);
  FakeEventSource.all.length = 0;
  localStorage.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  if (i18next.language !== 'en') await changeLanguage('en');
});
