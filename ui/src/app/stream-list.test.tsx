import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { fakeApi, Refusal } from '../testing/fake-api';
import { goLive, renderApp } from '../testing/render';
import { knownStream, PUBLISH_RULES, stream } from '../testing/samples';

const LIST = { name: 'All streams' };

describe('the list of streams', () => {
  test('has those that were added and those that are only live', async () => {
    fakeApi({ 'hooks/streams/list': { streams: [knownStream('show', { title: 'Evening show' }), knownStream('old', { enabled: false })] } });
    renderApp('/streams');
    await goLive([stream('show'), stream('wild')]);
    const table = await screen.findByRole('table', LIST);
    const row = (name: RegExp) => within(within(table).getByRole('row', { name }));
    expect(row(/Evening show/).getByText('Live')).toBeVisible();
    expect(row(/live\/wild/).getByText('Live · Not added')).toBeVisible();
    expect(row(/live\/old/).getByText('Switched off')).toBeVisible();
    expect(row(/Evening show/).getByRole('link', { name: 'live/show' })).toHaveAttribute('href', '/mgmt/streams/live/show');
  });

  test('is searched and filtered', async () => {
    fakeApi({ 'hooks/streams/list': { streams: [knownStream('show', { title: 'Evening' }), knownStream('old')] } });
    const { user } = renderApp('/streams');
    await goLive([stream('show')]);
    await user.type(await screen.findByRole('searchbox', { name: 'Search streams' }), 'evening');
    expect(within(screen.getByRole('table', LIST)).getAllByRole('link')).toHaveLength(1);
    await user.click(screen.getByRole('radio', { name: 'Not live' }));
    expect(await screen.findByText(/No stream fits/)).toBeVisible();
  });

  test('teaches what it is for while it is empty', async () => {
    fakeApi();
    renderApp('/streams');
    await goLive([]);
    expect(await screen.findByText('No streams in the list yet')).toBeVisible();
  });

  test('gives the reason and another try when it cannot be had', async () => {
    let away = true;
    fakeApi({ 'hooks/streams/list': () => (away ? new Refusal(403, 'forbidden') : { streams: [knownStream('show')] }) });
    const { user } = renderApp('/streams');
    await goLive([]);
    const card = within(await screen.findByRole('region', LIST));
    expect(await card.findByText('This is not allowed.')).toBeVisible();
    away = false;
    await user.click(card.getByRole('button', { name: 'Try again' }));
    expect(await card.findByRole('link', { name: 'live/show' })).toBeVisible();
  });

  test('takes a new stream and leads to its keys', async () => {
    const calls = fakeApi({ 'hooks/streams/create': (body: object) => ({ ...knownStream('x'), ...body }) });
    const { user, router } = renderApp('/streams');
    await goLive([]);
    await user.click(await screen.findByRole('button', { name: 'Add stream' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Add stream' }));
    await user.type(dialog.getByLabelText('Name'), 'my show');
    await user.click(dialog.getByRole('button', { name: 'Add stream' }));
    expect(dialog.getByText(/Letters, digits/)).toBeVisible();
    await user.clear(dialog.getByLabelText('Name'));
    await user.type(dialog.getByLabelText('Name'), 'show');
    await user.type(dialog.getByLabelText('Title'), 'Evening');
    await user.click(dialog.getByRole('button', { name: 'Add stream' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/streams/live/show/keys'));
    expect(calls).toContainEqual({ path: 'hooks/streams/create', body: { app: 'live', stream: 'show', title: 'Evening', description: '' } });
  });

  test('switches a stream off only when confirmed', async () => {
    const calls = fakeApi({
      'hooks/streams/list': { streams: [knownStream('show')] },
      'hooks/streams/update': knownStream('show', { enabled: false }),
    });
    const { user } = renderApp('/streams');
    await goLive([]);
    await user.click(await screen.findByRole('button', { name: 'Actions for live/show' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Switch off…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Switch live/show off?' }));
    expect(calls.some(({ path }) => path === 'hooks/streams/update')).toBe(false);
    await user.click(dialog.getByRole('button', { name: 'Switch off' }));
    expect(await screen.findByText('Switched off')).toBeVisible();
  });
});

describe('the rules for all streams', () => {
  test('send only what was changed', async () => {
    const calls = fakeApi({ 'hooks/publish/rules/update': { ...PUBLISH_RULES, known_only: true, max_streams: 4 } });
    const { user } = renderApp('/streams/rules');
    await user.click(await screen.findByRole('switch', { name: 'Only known streams' }));
    const most = screen.getByLabelText('Streams at once');
    await user.clear(most);
    await user.type(most, '4');
    expect(screen.getByText('Not saved yet')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('Saved')).toBeVisible();
    expect(calls).toContainEqual({ path: 'hooks/publish/rules/update', body: { known_only: true, max_streams: 4 } });
  });

  test('name the risk of a key inside the stream name', async () => {
    fakeApi();
    const { user } = renderApp('/streams/rules');
    await user.click(await screen.findByRole('switch', { name: /Key inside the stream name/ }));
    expect(screen.getByText(/^Risk: the name is part of every watch link/)).toBeVisible();
  });

  test('are not sent while a limit is no number of its range', async () => {
    const calls = fakeApi();
    const { user } = renderApp('/streams/rules');
    const most = await screen.findByLabelText('Streams at once');
    await user.clear(most);
    await user.type(most, '100001');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(screen.getByText('A whole number from 0 to 100000.')).toBeVisible();
    expect(calls.some(({ path }) => path === 'hooks/publish/rules/update')).toBe(false);
  });
});

describe('an emptied store', () => {
  test('is told on every page, and accepted only when confirmed', async () => {
    let state = 'emptied';
    const calls = fakeApi({
      'hooks/store/query': () => ({ state }),
      'hooks/store/accept': () => {
        state = 'ready';
        return { state };
      },
    });
    const { user } = renderApp('/system');
    await goLive([]);
    await user.click(await screen.findByRole('button', { name: 'What to do…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'The settings store is empty' }));
    expect(dialog.getByText('You have a backup')).toBeVisible();
    expect(calls.some(({ path }) => path === 'hooks/store/accept')).toBe(false);
    await user.click(dialog.getByRole('button', { name: 'Accept the empty store' }));
    await waitFor(() => expect(screen.queryByText(/has lost its data/)).not.toBeInTheDocument());
  });
});
