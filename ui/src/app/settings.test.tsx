import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { apiKey, front } from '../testing/house-samples';
import { renderApp } from '../testing/render';

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);

describe('API keys', () => {
  async function open(keys: ReturnType<typeof apiKey>[], answers: Parameters<typeof fakeApi>[0] = {}) {
    const calls = fakeApi({ 'mgmt/api-keys/list': { keys }, ...answers });
    const { user } = renderApp('/system/api-keys');
    await screen.findByRole('heading', { name: 'API keys' });
    return { user, calls };
  }

  test('are made with a scope and an end, and shown once', async () => {
    const { user, calls } = await open([], { 'mgmt/api-keys/create': { id: 'k', key: 'ssk_k_secret' } });
    await user.click(await screen.findByRole('button', { name: 'New key' }));
    const dialog = await screen.findByRole('dialog', { name: 'New API key' });
    await user.type(within(dialog).getByLabelText('Name'), ' Home automation ');
    await user.click(within(dialog).getByRole('radio', { name: 'Everything' }));
    expect(within(dialog).getByText(/Whoever has this key can do everything/)).toBeVisible();
    await user.click(within(dialog).getByRole('radio', { name: 'Operate' }));
    await user.selectOptions(within(dialog).getByRole('combobox'), 'never');
    await user.click(within(dialog).getByRole('button', { name: 'Make key' }));
    const shown = await screen.findByRole('dialog', { name: 'Key of Home automation' });
    expect(within(shown).getByLabelText('API key')).toHaveValue('ssk_k_secret');
    expect(within(shown).getByLabelText('Try it')).not.toHaveValue(expect.stringContaining('ssk_k_secret'));
    expect(sent(calls, 'mgmt/api-keys/create')).toEqual([{ label: 'Home automation', scope: 'operate', expires_ms: null }]);
    await user.click(within(shown).getByRole('button', { name: 'I have copied it' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  test('tell their last use and are taken back after a question', async () => {
    const { user, calls } = await open([apiKey('bot', { last_used_ms: Date.now() - 120_000 }), apiKey('old', { expires_ms: Date.now() - 1000 })], { 'mgmt/api-keys/remove': null });
    expect(await screen.findByRole('row', { name: /bot.*Read.*2 minutes ago.*Never/ })).toBeVisible();
    expect(within(screen.getByRole('row', { name: /old/ })).getByText('Expired')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Remove bot' }));
    await user.click(within(await screen.findByRole('dialog', { name: 'Remove the key bot?' })).getByRole('button', { name: 'Remove key' }));
    await waitFor(() => expect(sent(calls, 'mgmt/api-keys/remove')).toEqual([{ id: 'id-bot' }]));
  });
});

describe('settings', () => {
  async function open(state = front(), answers: Parameters<typeof fakeApi>[0] = {}) {
    const calls = fakeApi({ 'mgmt/front/query': state, 'mgmt/front/update': state, ...answers });
    const { user } = renderApp('/system/settings');
    await screen.findByRole('heading', { name: 'HLS' });
    return { user, calls };
  }

  test('of HLS tell what waits, and can be forced', async () => {
    const { user, calls } = await open(front({ hlsLowLatency: true, pending: [{ name: 'hlsLowLatency', reason: '1 stream is live.' }] }), {
      'mgmt/hlsll/update': front(),
      'mgmt/nginx/hls': front(),
    });
    const notice = screen.getByText('1 stream is live.').closest('[role=status]') as HTMLElement;
    await user.click(within(notice).getByRole('button', { name: /Apply now/ }));
    await waitFor(() => expect(sent(calls, 'mgmt/hlsll/update')).toEqual([{ hlsLowLatency: true, now: true }]));
    await user.click(screen.getByRole('switch', { name: 'Served by the web server itself' }));
    await waitFor(() => expect(sent(calls, 'mgmt/nginx/hls')).toEqual([{ enabled: false }]));
  });

  test('of homepage, frames and proxies are saved each on its own', async () => {
    const { user, calls } = await open(front({ proxies: [{ location: '/chat/', backend: 'http://127.0.0.1:3000' }] }), {
      'mgmt/nginx/homepage': front(),
      'mgmt/nginx/proxy': ({ location }: { location?: string }) => (location === '/terraform/' ? new Refusal(422, 'location_taken', '/terraform belongs to this house') : front()),
    });
    await user.type(screen.getByLabelText('Send visitors of the bare address to'), 'https://www.example.com');
    await user.click(screen.getByRole('button', { name: 'Save home page' }));
    await waitFor(() => expect(sent(calls, 'mgmt/nginx/homepage')).toEqual([{ homepage: 'https://www.example.com' }]));
    await user.click(screen.getByRole('radio', { name: 'These sites' }));
    await user.type(screen.getByLabelText('Sites'), 'example.com, *.example.org');
    await user.click(within(screen.getByRole('region', { name: 'Players on other sites' })).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent(calls, 'mgmt/front/update')).toEqual([{ embed: 'list', embed_hosts: ['example.com', '*.example.org'] }]));
    await user.click(screen.getByRole('button', { name: 'Add server' }));
    const dialog = await screen.findByRole('dialog', { name: 'Add server' });
    await user.clear(within(dialog).getByLabelText('Path'));
    await user.type(within(dialog).getByLabelText('Path'), '/terraform/');
    await user.type(within(dialog).getByLabelText('Server'), 'http://127.0.0.1:1');
    await user.click(within(dialog).getByRole('button', { name: 'Add server' }));
    expect(await within(dialog).findByRole('alert')).toHaveTextContent(/\/terraform belongs to this house\..*Choose another path\./);
    await user.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await user.click(screen.getByRole('button', { name: 'Remove /chat/' }));
    await user.click(within(await screen.findByRole('dialog', { name: 'Remove /chat/?' })).getByRole('button', { name: 'Remove' }));
    await waitFor(() => expect(sent(calls, 'mgmt/nginx/proxy').at(-1)).toEqual({ location: '/chat/', backend: '' }));
  });

  test('name the site, and put its filing at the foot of every page', async () => {
    let foot: Record<string, unknown> = { icp: null, title: null, police: null, more: {} };
    const { user, calls } = await open(front(), {
      'mgmt/beian/query': () => foot,
      'mgmt/beian/update': ({ beian, text }: { beian?: string; text?: string }) => (foot = { ...foot, [String(beian)]: text }),
    });
    await user.type(await screen.findByLabelText('Name of the site'), 'My station');
    await user.type(screen.getByLabelText('ICP filing'), '京ICP备1号');
    await user.click(screen.getByRole('button', { name: 'Save title and footer' }));
    expect(await screen.findByRole('link', { name: '京ICP备1号' })).toHaveAttribute('href', 'https://beian.miit.gov.cn/');
    await waitFor(() => expect(document.title).toBe('Settings · My station'));
    expect(sent(calls, 'mgmt/beian/update')).toEqual([
      { beian: 'title', text: 'My station' },
      { beian: 'icp', text: '京ICP备1号' },
    ]);
  });

  test('let an SSH key in only when it is one and with the password, a wrong one of which loses nothing', async () => {
    const { user, calls } = await open(front(), {
      'mgmt/pubkey': ({ password }: { password?: string }) => (password === 'pw' ? { fingerprints: ['SHA256:abc'] } : new Refusal(403, 'password_wrong')),
    });
    const field = screen.getByLabelText('Public key');
    await user.type(field, '-----BEGIN OPENSSH PRIVATE KEY-----');
    await user.click(screen.getByRole('button', { name: 'Add key…' }));
    expect(screen.getByText(/A public key is one line/)).toBeVisible();
    await user.clear(field);
    await user.type(field, 'ssh-ed25519 AAAA me');
    await user.click(screen.getByRole('button', { name: 'Add key…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Let this key in as root?' }));
    const password = dialog.getByLabelText('Password');
    expect(password).toHaveAttribute('autocomplete', 'current-password');
    await user.type(password, 'p');
    await user.click(dialog.getByRole('button', { name: 'Let it in' }));
    await waitFor(() => expect(password).toHaveAccessibleDescription(/Wrong password\..*sudo streamstead password/));
    expect(dialog.queryByRole('alert')).toBeNull();
    await user.type(password, 'w{Enter}');
    expect(await screen.findByText('SHA256:abc')).toBeVisible();
    expect(sent(calls, 'mgmt/pubkey').at(-1)).toEqual({ enabled: true, key: 'ssh-ed25519 AAAA me', password: 'pw' });
  });

  test('show what the doctor found, the worst first', async () => {
    const { user, calls } = await open(front(), {
      'mgmt/doctor/run': {
        at_ms: Date.now(),
        items: [
          { id: 'clock', level: 'ok', title: 'Clock', message: 'It is right.', help: '' },
          { id: 'disk_space', level: 'fail', title: 'Disk space', message: '100 MB are left.', help: 'Remove old recordings.' },
        ],
      },
    });
    expect(sent(calls, 'mgmt/doctor/run')).toEqual([]);
    await user.click(screen.getByRole('button', { name: 'Examine' }));
    const items = within(await screen.findByRole('list', { name: 'What was found' })).getAllByRole('listitem');
    expect(items[0]).toHaveTextContent('Disk space100 MB are left.Remove old recordings.');
    expect(within(items[1]!).getByRole('img', { name: 'Good' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Run again' }));
    await waitFor(() => expect(sent(calls, 'mgmt/doctor/run')).toHaveLength(2));
  });
});
