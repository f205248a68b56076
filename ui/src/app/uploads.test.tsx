import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { fakeApi } from '../testing/fake-api';
import { renderApp } from '../testing/render';

/** The protocol's client: what it was made with, and what it was asked to do. */
const made: { uploadUrl: unknown; asked: string[] }[] = [];

vi.mock('tus-js-client', () => ({
  Upload: class {
    private readonly note: (typeof made)[number];

    constructor(_file: File, options: { uploadUrl: unknown }) {
      this.note = { uploadUrl: options.uploadUrl, asked: [] };
      made.push(this.note);
    }

    start(): void {
      this.note.asked.push('start');
    }

    abort(discard = false): Promise<void> {
      this.note.asked.push(discard ? 'discard' : 'rest');
      return Promise.resolve();
    }
  },
}));

const PART = { id: 'u1', purpose: '', filename: 'film.mp4', title: 'film', size_bytes: 8e6, offset_bytes: 2e6, created_ms: 0, expires_ms: Date.now() + 47.5 * 3_600_000 };

async function open(unfinished: object[] = []) {
  fakeApi({
    'recordings/query': { recordings: [], cursor: null, total: 0 },
    'recordings/summary': { count: 0, local_bytes: 0, bucket_count: 0, recording: 0, uploading: 0, failed: 0 },
    'recordings/streams': { streams: [] },
    'uploads/': () => Response.json({ code: 0, data: { uploads: unfinished } }, { headers: { 'Tus-Max-Size': '10000000' } }),
  });
  const { user } = renderApp('/recordings');
  const panel = await screen.findByRole('region', { name: 'Upload files' });
  await within(panel).findByText(/At most 10.0 MB each/);
  return { user, panel };
}

function file(name: string, size: number): File {
  return Object.defineProperty(new File([], name, { type: 'video/mp4' }), 'size', { value: size });
}

test('the limit is told beforehand, and a file over it is not even begun', async () => {
  const { user, panel } = await open();
  fireEvent.drop(panel, { dataTransfer: { files: [file('huge.mkv', 11e6)] } });
  const row = within(await within(panel).findByRole('listitem'));
  expect(row.getByText('Failed')).toBeVisible();
  expect(row.getByText('The file is larger than the free space allows.')).toBeVisible();
  await user.click(row.getByRole('button', { name: 'Take huge.mkv off the list' }));
  expect(within(panel).queryByRole('listitem')).toBeNull();
  expect(made).toEqual([]);
});

test('what was sent for a channel is not offered in the library', async () => {
  const { panel } = await open([{ ...PART, purpose: 'vlive' }, { ...PART, id: 'u2', filename: 'other.mp4' }]);
  expect(await within(panel).findByText('other.mp4')).toBeVisible();
  expect(within(panel).queryByText('film.mp4')).toBeNull();
});

test('what a reload has cut off waits for its file, and goes on from there', async () => {
  const { user, panel } = await open([PART]);
  expect(await within(panel).findByText('Interrupted')).toBeVisible();
  expect(within(panel).getByRole('progressbar', { name: 'Progress of film.mp4' })).toHaveAttribute('aria-valuenow', '25');
  expect(within(panel).getByText('in 2 days')).toBeVisible();
  await user.upload(panel.querySelector<HTMLInputElement>('input[type=file]')!, file('film.mp4', 8e6));
  expect(await within(panel).findByText('Uploading')).toBeVisible();
  expect(within(panel).queryByText('Interrupted')).toBeNull();
  await waitFor(() => expect(made).toEqual([{ uploadUrl: '/terraform/v1/uploads/u1', asked: ['start'] }]));

  await user.click(within(panel).getByRole('button', { name: 'Pause film.mp4' }));
  expect(within(panel).getByText('Paused')).toBeVisible();
  await user.click(within(panel).getByRole('button', { name: 'Cancel film.mp4' }));
  expect(within(panel).queryByText('Paused')).toBeNull();
  expect(made[0]?.asked).toEqual(['start', 'rest', 'discard']);
});
