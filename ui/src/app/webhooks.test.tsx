import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { HookDelivery, HookTarget } from '../lib/api-types';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { renderApp } from '../testing/render';

const TYPES = ['stream.published', 'stream.unpublished', 'viewer.joined', 'auth.refused', 'future.thing'];

function target(change: Partial<HookTarget> = {}): HookTarget {
  return {
    id: 't1',
    label: 'Chat bot',
    url: 'https://bot.example/hook',
    types: ['stream.published'],
    enabled: true,
    allow_private: false,
    blocking: false,
    fallback: 'refuse',
    created_ms: Date.now() - 86_400_000,
    pending: 0,
    dropped: 0,
    last_ok_ms: Date.now() - 120_000,
    last_error: null,
    ...change,
  };
}

function delivery(change: Partial<HookDelivery> = {}): HookDelivery {
  return {
    id: 'd1',
    target_id: 't1',
    event_id: 'e1',
    type: 'stream.published',
    at_ms: Date.now() - 5_000,
    state: 'delivered',
    attempts: 1,
    next_ms: null,
    status: 200,
    took_ms: 45,
    error: null,
    request: '{"type":"stream.published","stream":"live/show"}',
    reply: 'thanks',
    ...change,
  };
}

async function open(targets: HookTarget[], deliveries: HookDelivery[] = [], answers: Parameters<typeof fakeApi>[0] = {}) {
  const calls = fakeApi({
    'mgmt/hooks/targets/list': { targets, types: TYPES },
    'mgmt/hooks/deliveries/query': { deliveries, cursor: null },
    ...answers,
  });
  const { user } = renderApp('/system/webhooks');
  await screen.findByRole('heading', { name: 'Deliveries' });
  return { user, calls };
}

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

describe('webhook targets', () => {
  test('an empty list teaches what a webhook is for', async () => {
    await open([]);
    expect(await screen.findByText(/A webhook calls an address of yours/)).toBeVisible();
    expect(screen.getByText('Nothing sent yet')).toBeVisible();
  });

  test('show whether they get through, what waits and what was given up', async () => {
    await open([target(), target({ id: 't2', label: 'Log', last_error: 'HTTP 500', pending: 3, dropped: 2 }), target({ id: 't3', label: 'Old', enabled: false })]);
    const rows = await screen.findAllByRole('listitem');
    expect(within(rows[0]!).getByText('Delivering')).toHaveAccessibleDescription(/2 minutes ago/);
    expect(within(rows[1]!).getByText('Not getting through')).toBeVisible();
    expect(within(rows[1]!).getByText('HTTP 500')).toBeVisible();
    expect(within(rows[1]!).getByText('Waiting 3')).toBeVisible();
    expect(within(rows[1]!).getByText('Given up 2')).toBeVisible();
    expect(within(rows[2]!).getByText('Off')).toBeVisible();
    expect(screen.getByText('1 webhook does not get through')).toBeVisible();
  });

  test('are made with chosen events, and the secret is shown once with how to check a message', async () => {
    const { user, calls } = await open([], [], {
      'mgmt/hooks/targets/create': (body: object) => ({ target: target(body), secret: 'whsec-1234' }),
    });
    await user.click(await screen.findByRole('button', { name: 'Add webhook' }));
    const drawer = await screen.findByRole('dialog', { name: 'Add webhook' });
    await user.click(within(drawer).getByRole('button', { name: 'Add webhook' }));
    expect(within(drawer).getByText('Give it a name.')).toBeVisible();
    expect(within(drawer).getByText(/An address begins with/)).toBeVisible();
    await user.type(within(drawer).getByLabelText('Name'), ' Chat bot ');
    await user.type(within(drawer).getByLabelText('Address'), 'https://bot.example/hook');
    await user.click(within(drawer).getByLabelText('A viewer comes'));
    await user.click(within(drawer).getByLabelText('A stream ends'));
    expect(within(drawer).getByLabelText('future.thing')).toBeVisible();
    await user.click(within(drawer).getByRole('button', { name: 'Add webhook' }));
    const done = await screen.findByRole('dialog', { name: 'Secret of Chat bot' });
    expect(sent(calls, 'mgmt/hooks/targets/create')).toEqual([
      {
        label: 'Chat bot',
        url: 'https://bot.example/hook',
        types: ['stream.published', 'viewer.joined'],
        allow_private: false,
        blocking: false,
        fallback: 'refuse',
      },
    ]);
    await user.click(within(done).getByRole('button', { name: 'Show Signing secret' }));
    expect(within(done).getByLabelText('Signing secret')).toHaveValue('whsec-1234');
    expect(within(done).getByText(/hmac\.compare_digest/)).toBeVisible();
    await user.click(within(done).getByRole('tab', { name: 'Node.js' }));
    expect(within(done).getByText(/timingSafeEqual\(given/)).toBeVisible();
    await user.click(within(done).getByRole('button', { name: 'I have copied it' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
  });

  test('name the risk of a private address, and what happens when a blocking one does not answer', async () => {
    const { user, calls } = await open([target({ types: ['stream.unpublished'] })], [], { 'mgmt/hooks/targets/update': target() });
    await user.click(await screen.findByRole('button', { name: 'What to do with Chat bot' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Edit…' }));
    const drawer = await screen.findByRole('dialog', { name: 'Edit Chat bot' });
    expect(within(drawer).getByText(/could reach servers that nobody outside should/)).toBeVisible();
    expect(within(drawer).queryByRole('radio')).toBeNull();
    await user.click(within(drawer).getByRole('switch', { name: 'Ask before someone may publish' }));
    // Who is asked about publishing is told about it too.
    expect(within(drawer).getByLabelText('A stream goes live')).toBeChecked();
    await user.click(within(drawer).getByRole('radio', { name: /Let the publisher in/ }));
    await user.click(within(drawer).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(sent(calls, 'mgmt/hooks/targets/update')[0]).toMatchObject({
      id: 't1',
      blocking: true,
      fallback: 'accept',
      types: ['stream.published', 'stream.unpublished'],
    });
  });

  test('get a new secret only after a question', async () => {
    const { user, calls } = await open([target()], [], { 'mgmt/hooks/targets/rotate': { target: target(), secret: 'fresh' } });
    await user.click(await screen.findByRole('button', { name: 'What to do with Chat bot' }));
    await user.click(await screen.findByRole('menuitem', { name: 'New secret…' }));
    const question = await screen.findByRole('dialog', { name: 'New secret for Chat bot?' });
    expect(sent(calls, 'mgmt/hooks/targets/rotate')).toEqual([]);
    await user.click(within(question).getByRole('button', { name: 'Make new secret' }));
    const shown = await screen.findByRole('dialog', { name: 'Secret of Chat bot' });
    await user.click(within(shown).getByRole('button', { name: 'Show Signing secret' }));
    expect(within(shown).getByLabelText('Signing secret')).toHaveValue('fresh');
  });

  test('are removed only after a question', async () => {
    const { user, calls } = await open([target()], [], { 'mgmt/hooks/targets/remove': null });
    await user.click(await screen.findByRole('button', { name: 'What to do with Chat bot' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
    const question = await screen.findByRole('dialog', { name: 'Remove Chat bot?' });
    await user.click(within(question).getByRole('button', { name: 'Remove webhook' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(sent(calls, 'mgmt/hooks/targets/remove')).toEqual([{ id: 't1' }]);
  });

  test('are switched off and on in the list', async () => {
    const { user, calls } = await open([target()], [], { 'mgmt/hooks/targets/update': target({ enabled: false }) });
    await user.click(await screen.findByRole('switch', { name: 'Send to Chat bot' }));
    await waitFor(() => expect(sent(calls, 'mgmt/hooks/targets/update')).toEqual([{ id: 't1', enabled: false }]));
  });

  test.each([
    [delivery({ type: 'webhook.test' }), 'status', /Arrived: 200 after 45 ms/],
    [delivery({ state: 'pending', attempts: 1, status: null, error: 'The receiver refused the connection.' }), 'alert', /did not arrive: The receiver refused/],
  ])('tell how a test went', async (result, role, words) => {
    const { user } = await open([target()], [], { 'mgmt/hooks/targets/test': result });
    await user.click(await screen.findByRole('button', { name: 'Send a test to Chat bot' }));
    await waitFor(() => expect(screen.getAllByRole(role).some((one) => words.test(one.textContent))).toBe(true));
    await user.click(screen.getByRole('button', { name: 'Look at it' }));
    expect(await screen.findByRole('dialog', { name: 'Delivery' })).toBeVisible();
  });

  test('say why one could not be made', async () => {
    const { user } = await open([], [], { 'mgmt/hooks/targets/create': new Refusal(409, 'too_many_targets') });
    await user.click(await screen.findByRole('button', { name: 'Add webhook' }));
    const drawer = await screen.findByRole('dialog', { name: 'Add webhook' });
    await user.type(within(drawer).getByLabelText('Name'), 'x');
    await user.type(within(drawer).getByLabelText('Address'), 'https://x.example');
    await user.click(within(drawer).getByRole('button', { name: 'Add webhook' }));
    expect(await within(drawer).findByRole('alert')).toHaveTextContent('There are as many webhooks as there can be.');
  });
});

describe('the delivery log', () => {
  test('tells state, time, status and duration, and in a drawer what went and what came', async () => {
    const { user } = await open([target()], [delivery(), delivery({ id: 'd2', type: 'viewer.joined', state: 'pending', attempts: 2, status: 503, error: 'HTTP 503' })]);
    const table = await screen.findByRole('table', { name: 'Deliveries' });
    const rows = within(table).getAllByRole('row').slice(1);
    expect(rows[0]).toHaveTextContent(/A stream goes live.*Delivered.*Chat bot.*\d+ seconds ago.*200.*45 ms/);
    expect(within(rows[1]!).getByText('Trying again')).toHaveAccessibleDescription('HTTP 503');
    await user.click(within(rows[0]!).getByRole('button', { name: /Show delivery/ }));
    const drawer = await screen.findByRole('dialog', { name: 'Delivery' });
    expect(within(drawer).getByRole('region', { name: 'Sent' })).toHaveTextContent('"stream": "live/show"');
    expect(within(drawer).getByRole('region', { name: 'Reply' })).toHaveTextContent('thanks');
  });

  test('sends again and says so', async () => {
    const { user, calls } = await open([target()], [delivery()], { 'mgmt/hooks/deliveries/resend': delivery({ id: 'd9', state: 'pending', attempts: 0 }) });
    await user.click(await screen.findByRole('button', { name: /Show delivery/ }));
    const drawer = await screen.findByRole('dialog', { name: 'Delivery' });
    await user.click(within(drawer).getByRole('button', { name: 'Send again' }));
    expect(await within(drawer).findByText('Sent again')).toBeVisible();
    expect(sent(calls, 'mgmt/hooks/deliveries/resend')).toEqual([{ id: 'd1' }]);
    expect(within(drawer).getByText(/d9/)).toBeVisible();
  });

  test('is filtered by target', async () => {
    const { user, calls } = await open([target(), target({ id: 't2', label: 'Log' })], [delivery()]);
    await user.selectOptions(await screen.findByLabelText('Show deliveries to'), 'Log');
    await waitFor(() => expect(sent(calls, 'mgmt/hooks/deliveries/query')).toContainEqual({ limit: 50, target_id: 't2' }));
  });

  test('has more pages', async () => {
    const { user } = await open([target()], [], {
      'mgmt/hooks/deliveries/query': ({ cursor }: { cursor?: string }) =>
        cursor === 'next' ? { deliveries: [delivery({ id: 'd2', type: 'auth.refused' })], cursor: null } : { deliveries: [delivery()], cursor: 'next' },
    });
    await user.click(await screen.findByRole('button', { name: 'Older' }));
    expect(await screen.findByText('A sign-in is refused')).toBeVisible();
    expect(screen.getByText('A stream goes live')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Older' })).toBeNull();
  });

  test('a failure to fetch is told with a way to try again', async () => {
    await open([target()], [], { 'mgmt/hooks/deliveries/query': new Refusal(400, 'invalid', 'the cursor is unknown') });
    expect(await screen.findByText('the cursor is unknown')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Try again' })).toBeVisible();
  });
});
