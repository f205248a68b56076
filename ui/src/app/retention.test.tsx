import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { Disk, Retention } from '../lib/recording-types';
import { fakeApi, type Call } from '../testing/fake-api';
import { FakeEventSource } from '../testing/fake-event-source';
import { disk, RETENTION } from '../testing/recording-samples';
import { renderApp } from '../testing/render';
import { knownStream } from '../testing/samples';

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

async function open(facts: Partial<Disk> = {}, retention: Partial<Retention> = {}) {
  let now = { ...RETENTION, ...retention };
  const calls = fakeApi({
    'recordings/retention/query': () => now,
    'recordings/retention/update': (body: Partial<Retention>) => (now = { ...now, ...body }),
    'recordings/disk': disk(facts),
    'hooks/streams/list': { streams: [knownStream('show')] },
  });
  const { user } = renderApp('/recordings/retention');
  await screen.findByRole('button', { name: 'Save' });
  return { user, calls };
}

describe('the disk meter', () => {
  test('tells how full the disk is and until when it lasts', async () => {
    await open({ full_in_days: 19.7 });
    expect(await screen.findByText('40.0 GB free (40 %)')).toBeVisible();
    expect(screen.getByText('At the present pace it is full in 19 days.')).toBeVisible();
    expect(screen.getByRole('meter', { name: 'Disk in use' })).toHaveAttribute('aria-valuenow', '60');
    expect(screen.getByText('Recordings 30.0 GB')).toBeVisible();
    expect(screen.getByText('Everything else 29.0 GB')).toBeVisible();
  });

  test.each([
    [null, 'At the present pace it does not fill up.'],
    [0.4, 'At the present pace it is full within a day.'],
    [1.2, 'At the present pace it is full in 1 day.'],
  ])('full in %s days', async (full_in_days, text) => {
    await open({ full_in_days });
    expect(await screen.findByText(text)).toBeVisible();
  });

  test('says at once what has stopped, and that live streams go on', async () => {
    await open();
    expect(await screen.findByText('Enough space')).toBeVisible();
    act(() =>
      FakeEventSource.to('recordings/live').send('disk', disk({ level: 'critical', free_bytes: 4e9, free_percent: 4, stopped: ['thumbnails', 'mp4', 'recording'] })),
    );
    const alert = screen.getByRole('alert');
    expect(within(alert).getAllByRole('listitem').map((one) => one.textContent)).toEqual([
      'No new posters and preview pictures',
      'No new MP4 files',
      'No new recordings',
    ]);
    expect(within(alert).getByText(/Live streams go on/)).toBeVisible();
    expect(screen.getByText('Nearly full')).toBeVisible();
    expect(screen.getByText('4.0 GB free (4.0 %)')).toBeVisible();
  });
});

describe('retention', () => {
  test('is saved with only what was changed', async () => {
    const { user, calls } = await open();
    const days = screen.getByLabelText('On this server, days');
    await user.clear(days);
    await user.type(days, '30');
    expect(screen.queryByLabelText('Days after the upload')).toBeNull();
    await user.click(screen.getByRole('radio', { name: 'is deleted some days later' }));
    const after = screen.getByLabelText('Days after the upload');
    await user.clear(after);
    await user.type(after, '2');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('Saved')).toBeVisible();
    expect(sent(calls, 'recordings/retention/update')).toEqual([{ local_days: 30, after_upload: 'days', after_upload_days: 2 }]);
  });

  test('cannot stop before it warns', async () => {
    const { user, calls } = await open();
    const stop = screen.getByLabelText('Stop below (% free)');
    expect(screen.getByText('Pictures wait below it, MP4 below 4 %, new recordings below 3 %.')).toBeVisible();
    await user.clear(stop);
    await user.type(stop, '10');
    expect(screen.getByText('The limit to stop at must be below the one to warn at.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(sent(calls, 'recordings/retention/update')).toEqual([]);
  });

  test('is another one for single streams', async () => {
    const { user, calls } = await open({}, { streams: { 'live/old': { local_days: null, bucket_days: 0 } } });
    const table = await screen.findByRole('table', { name: 'Streams with limits of their own' });
    expect(within(table).getByText('for ever')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Add a stream' }));
    const form = await screen.findByRole('dialog', { name: 'Add a stream' });
    await user.type(within(form).getByLabelText('Stream'), 'show');
    await user.click(within(form).getByRole('button', { name: 'Save' }));
    expect(within(form).getByText('Write it as app/stream, such as live/show.')).toBeVisible();
    await user.clear(within(form).getByLabelText('Stream'));
    await user.type(within(form).getByLabelText('Stream'), 'live/show');
    const days = within(form).getByLabelText('Days on this server');
    await user.clear(days);
    await user.type(days, '3');
    await user.click(within(form).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    await user.click(await screen.findByRole('button', { name: 'What to do with live/old' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove' }));
    await waitFor(() =>
      expect(sent(calls, 'recordings/retention/update')).toEqual([
        { streams: { 'live/old': { local_days: null, bucket_days: 0 }, 'live/show': { local_days: 3 } } },
        { streams: { 'live/show': { local_days: 3 } } },
      ]),
    );
  });
});
