import { act, fireEvent, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { renderPart } from '../testing/render';
import { Snapshot } from './snapshot';

const images = () => [...document.querySelectorAll('img')];
const addresses = () => images().map((one) => one.getAttribute('src')?.replace(/at=\d+/, 'at'));

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});

afterEach(() => {
  vi.restoreAllMocks();
});

function show(): void {
  renderPart(
    <Snapshot app="live" stream="my show" alt="Picture of live/my show">
      <p>none yet</p>
    </Snapshot>,
  );
  act(() => void vi.advanceTimersByTime(0));
}

test('a picture is fetched at once and again every 10 s; the old one stays until the new one is there', () => {
  show();
  expect(addresses()).toEqual(['/terraform/v1/ffmpeg/snapshot/live/my%20show.jpg?at']);
  expect(screen.getByText('none yet')).toBeVisible();
  expect(screen.queryByAltText('Picture of live/my show')).toBeNull();
  fireEvent.load(images()[0]!);
  const first = screen.getByAltText('Picture of live/my show');
  expect(screen.queryByText('none yet')).toBeNull();

  act(() => void vi.advanceTimersByTime(10_000));
  expect(images()).toHaveLength(2);
  expect(screen.getByAltText('Picture of live/my show')).toBe(first);
  fireEvent.load(images()[1]!);
  expect(images()).toHaveLength(1);
  expect(screen.getByAltText('Picture of live/my show')).not.toBe(first);
});

test('a picture that cannot be renewed goes when it is old', () => {
  show();
  fireEvent.load(images()[0]!);
  for (let round = 0; round < 3; round += 1) {
    act(() => void vi.advanceTimersByTime(10_000));
    fireEvent.error(images().at(-1)!);
    expect(screen.getByAltText('Picture of live/my show')).toBeInTheDocument();
  }
  act(() => void vi.advanceTimersByTime(10_000));
  fireEvent.error(images().at(-1)!);
  expect(screen.getByText('none yet')).toBeVisible();
  expect(images()).toHaveLength(0);
});

test('nothing is fetched while the page lies in the background, and at once when it is back', () => {
  const state = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  show();
  act(() => void vi.advanceTimersByTime(60_000));
  expect(images()).toHaveLength(0);
  state.mockReturnValue('visible');
  act(() => void document.dispatchEvent(new Event('visibilitychange')));
  act(() => void vi.advanceTimersByTime(0));
  expect(images()).toHaveLength(1);
});

test('nothing is fetched for a place that is scrolled out of sight', () => {
  let tell: (seen: boolean) => void = () => undefined;
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      constructor(callback: (entries: { isIntersecting: boolean }[]) => void) {
        tell = (isIntersecting) => callback([{ isIntersecting }]);
      }
      observe() {}
      disconnect() {}
    },
  );
  show();
  act(() => void vi.advanceTimersByTime(30_000));
  expect(images()).toHaveLength(0);
  act(() => tell(true));
  act(() => void vi.advanceTimersByTime(0));
  expect(images()).toHaveLength(1);
});
