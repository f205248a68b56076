import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { fakeApi, Refusal } from '../testing/fake-api';
import { goLive, renderApp } from '../testing/render';
import { ENVS, knownStream, pass, playRule, publishKey, stream, viewer } from '../testing/samples';

const PAGE = '/streams/live/show';
const KNOWN = { 'hooks/streams/list': { streams: [knownStream('show', { title: 'Evening show' })] } };
const SECRET = '0f1e2d3c4b5a69788796a5b4c3d29f3a';

describe('the page of a stream', () => {
  test('has title, state and picture while it is live', async () => {
    fakeApi(KNOWN);
    renderApp(PAGE);
    await goLive([stream('show')]);
    expect(await screen.findByRole('heading', { name: 'Evening show' })).toBeVisible();
    expect(await screen.findByRole('region', { name: 'Live stream live/show' })).toBeVisible();
    expect(screen.getByText(/live\/show · live for \d+:\d\d · 3 viewers/)).toBeVisible();
  });

  test('says how to send a picture while it is not live', async () => {
    fakeApi(KNOWN);
    const { user, router } = renderApp(PAGE);
    await goLive([]);
    await user.click(await screen.findByRole('link', { name: 'Keys of this stream' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/streams/live/show/keys'));
  });

  test('offers to add a stream that nobody knows', async () => {
    const calls = fakeApi({ 'hooks/streams/create': knownStream('show') });
    const { user } = renderApp(PAGE);
    await goLive([]);
    expect(await screen.findByText('Nobody knows this stream')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Add to the list' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Add stream' }));
    await user.click(dialog.getByRole('button', { name: 'Add stream' }));
    await waitFor(() => expect(calls.some(({ path, body }) => path === 'hooks/streams/create' && body.stream === 'show')).toBe(true));
  });

  test('has every address of the stream, by name and by playback ID', async () => {
    fakeApi({ ...KNOWN, 'hooks/play/rule/query': playRule({ kind: 'pass' }) });
    const { user } = renderApp(`${PAGE}/share`);
    await goLive([]);
    expect(await screen.findByLabelText('HLS')).toHaveValue(`${location.origin}/live/show.m3u8`);
    expect(await screen.findByText('These links alone let nobody in')).toBeVisible();
    await user.click(await screen.findByRole('radio', { name: 'Playback ID' }));
    expect(screen.getByLabelText('Watch page')).toHaveValue(`${location.origin}/watch/s/id-of-show`);
    expect(screen.getByLabelText<HTMLInputElement>('Embed code').value).toMatch(/^<iframe src=".*\/watch\/s\/id-of-show"/);
  });
});

describe('keys', () => {
  test('show their secret once, ready for the encoder', async () => {
    const keys = [publishKey('Studio')];
    const calls = fakeApi({
      ...KNOWN,
      'mgmt/envs': { ...ENVS, capabilities: { ...ENVS.capabilities, srt: true } },
      'hooks/keys/list': () => ({ keys }),
      'hooks/keys/create': (body: { label?: unknown }) => {
        const key = publishKey(String(body.label));
        keys.push(key);
        return { key, secret: SECRET };
      },
    });
    const { user } = renderApp(`${PAGE}/keys`);
    await user.click(await screen.findByRole('button', { name: 'New key' }));
    const form = within(await screen.findByRole('dialog', { name: 'New key for live/show' }));
    await user.click(form.getByRole('button', { name: 'Create key' }));
    expect(form.getByText(/Give it a label/)).toBeVisible();
    await user.type(form.getByLabelText('Label'), 'Phone');
    await user.selectOptions(form.getByLabelText('Valid for'), 'One day');
    await user.click(form.getByRole('button', { name: 'Create key' }));

    const shown = within(await screen.findByRole('dialog', { name: 'Key “Phone”' }));
    expect(shown.getByLabelText('Key')).toHaveValue(SECRET);
    await user.click(shown.getByRole('button', { name: 'Show Stream key' }));
    expect(shown.getByLabelText('Stream key')).toHaveValue(`show?secret=${SECRET}`);
    await user.click(shown.getByRole('tab', { name: 'SRT' }));
    await user.click(shown.getByRole('button', { name: 'Show SRT address' }));
    expect(shown.getByLabelText('SRT address')).toHaveValue(`srt://localhost:10080?streamid=#!::r=live/show,secret=${SECRET},m=publish`);
    await user.click(shown.getByRole('button', { name: 'I have copied it' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(await screen.findByText('Phone')).toBeVisible();
    expect(document.body.innerHTML).not.toContain(SECRET);

    const sent = calls.find(({ path }) => path === 'hooks/keys/create')?.body;
    expect(sent).toMatchObject({ app: 'live', stream: 'show', label: 'Phone' });
    expect(Number(sent?.expires_ms) - Date.now()).toBeGreaterThan(23 * 3_600_000);
  });

  test('are replaced only when confirmed, and the new secret is shown', async () => {
    const key = publishKey('Studio');
    const calls = fakeApi({ ...KNOWN, 'hooks/keys/list': { keys: [key] }, 'hooks/keys/rotate': { key, secret: SECRET } });
    const { user } = renderApp(`${PAGE}/keys`);
    await user.click(await screen.findByRole('button', { name: 'Actions for key Studio' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Replace secret…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Replace the secret of “Studio”?' }));
    expect(dialog.getByText(/kicks the encoder/)).toBeVisible();
    expect(calls.some(({ path }) => path === 'hooks/keys/rotate')).toBe(false);
    await user.click(dialog.getByRole('button', { name: 'Replace secret' }));
    const shown = within(await screen.findByRole('dialog', { name: 'Key “Studio”' }));
    expect(shown.getByLabelText('Key')).toHaveValue(SECRET);
    expect(calls).toContainEqual({ path: 'hooks/keys/rotate', body: { id: key.id } });
  });

  test('tell when and from where they were last used, and that they are over', async () => {
    const used = publishKey('Studio', { last_used_ms: Date.now() - 3 * 60_000, last_used_ip: '192.0.2.7' });
    const over = publishKey('Guest', { expires_ms: Date.now() - 1_000 });
    fakeApi({ ...KNOWN, 'hooks/keys/list': { keys: [used, over] } });
    renderApp(`${PAGE}/keys`);
    expect(await screen.findByText('3 minutes ago')).toHaveAttribute('title', expect.stringMatching(/\d{4}/));
    expect(screen.getByText('from 192.0.2.7')).toBeVisible();
    expect(screen.getByText('Expired')).toBeVisible();
  });

  test('are switched off and on, and keep their state when that fails', async () => {
    const key = publishKey('Studio');
    const calls = fakeApi({ ...KNOWN, 'hooks/keys/list': { keys: [key] }, 'hooks/keys/update': new Refusal(404, 'key_unknown') });
    const { user } = renderApp(`${PAGE}/keys`);
    const on = await screen.findByRole('switch', { name: 'Key Studio is on' });
    await user.click(on);
    expect(await screen.findByText('This key does not exist any more.')).toBeVisible();
    expect(on).toBeChecked();
    expect(calls).toContainEqual({ path: 'hooks/keys/update', body: { id: key.id, enabled: false } });
  });

  test('may be the only ones that open the stream', async () => {
    const calls = fakeApi({ ...KNOWN, 'hooks/streams/update': knownStream('show', { own_keys_only: true }) });
    const { user } = renderApp(`${PAGE}/keys`);
    await goLive([]);
    await user.click(await screen.findByRole('switch', { name: 'Only the keys of this stream' }));
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText('Saved')).toBeVisible();
    expect(calls).toContainEqual({ path: 'hooks/streams/update', body: { app: 'live', stream: 'show', own_keys_only: true } });
  });
});

describe('access', () => {
  test('is changed to a passphrase, which is sent once and never shown', async () => {
    let rule = playRule({ inherited: true });
    const calls = fakeApi({
      ...KNOWN,
      'hooks/play/rule/query': () => rule,
      'hooks/play/rule/update': () => {
        rule = playRule({ kind: 'pass', passphrase_set: true });
        return rule;
      },
    });
    const { user } = renderApp(`${PAGE}/access`);
    expect(await screen.findByRole('radio', { name: /As for all streams/ })).toBeChecked();
    await user.click(screen.getByRole('radio', { name: /With a pass/ }));
    expect(screen.getByText(/lose the picture within two seconds/)).toBeVisible();
    await user.type(screen.getByLabelText('Passphrase'), 'short');
    await user.click(screen.getByRole('button', { name: 'Save rule' }));
    expect(await screen.findByText('At least 6 characters.')).toBeVisible();
    await user.type(screen.getByLabelText('Passphrase'), ' but longer');
    await user.click(screen.getByRole('button', { name: 'Save rule' }));
    expect(await screen.findByText(/A passphrase is set/)).toBeVisible();
    expect(screen.getByLabelText('Passphrase')).toHaveValue('');
    expect(calls).toContainEqual({
      path: 'hooks/play/rule/update',
      body: { app: 'live', stream: 'show', kind: 'pass', passphrase: 'short but longer' },
    });
  });

  test('loses its passphrase only when confirmed', async () => {
    const calls = fakeApi({
      ...KNOWN,
      'hooks/play/rule/query': playRule({ kind: 'pass', passphrase_set: true }),
      'hooks/play/rule/update': playRule({ kind: 'pass' }),
    });
    const { user } = renderApp(`${PAGE}/access`);
    await user.click(await screen.findByRole('button', { name: 'Remove passphrase…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Remove the passphrase?' }));
    await user.click(dialog.getByRole('button', { name: 'Remove passphrase' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(calls).toContainEqual({ path: 'hooks/play/rule/update', body: { app: 'live', stream: 'show', kind: 'pass', passphrase: '' } });
  });

  test('is given to a server that is asked, with its address', async () => {
    const calls = fakeApi({ ...KNOWN, 'hooks/play/rule/update': playRule({ kind: 'webhook' }) });
    const { user } = renderApp(`${PAGE}/access`);
    await user.click(await screen.findByRole('radio', { name: /Your server decides/ }));
    await user.click(screen.getByRole('button', { name: 'Save rule' }));
    expect(await screen.findByText(/begins with http/)).toBeVisible();
    await user.type(screen.getByLabelText('Address of your server'), 'https://me.example/ask');
    await user.click(screen.getByRole('button', { name: 'Save rule' }));
    await waitFor(() =>
      expect(calls).toContainEqual({
        path: 'hooks/play/rule/update',
        body: { app: 'live', stream: 'show', kind: 'webhook', webhook_url: 'https://me.example/ask', allow_private: false },
      }),
    );
  });
});

describe('passes', () => {
  test('are made with an end and a limit, and open every address', async () => {
    const passes = [pass('Old', { revoked: true })];
    const calls = fakeApi({
      ...KNOWN,
      'hooks/play/rule/query': playRule({ kind: 'pass' }),
      'hooks/play/passes/list': () => ({ passes }),
      'hooks/play/passes/create': (body: { label?: unknown }) => {
        const made = pass(String(body.label));
        passes.unshift(made);
        return { pass: made, token: 'tok.en' };
      },
    });
    const { user } = renderApp(`${PAGE}/access`);
    await user.click(await screen.findByRole('button', { name: 'New pass' }));
    const form = within(await screen.findByRole('dialog', { name: 'New pass for live/show' }));
    await user.type(form.getByLabelText('Label'), 'Press');
    await user.selectOptions(form.getByLabelText('Valid for'), 'One week');
    const most = form.getByLabelText('Viewers at once');
    await user.clear(most);
    await user.type(most, '5');
    await user.click(form.getByRole('button', { name: 'Create pass' }));
    const links = within(await screen.findByRole('dialog', { name: 'Links of “Press”' }));
    expect(await links.findByLabelText('Watch page')).toHaveValue(`${location.origin}/watch/live/show?pass=tok.en`);
    expect(links.getByLabelText('HLS')).toHaveValue(`${location.origin}/live/show.m3u8?pass=tok.en`);
    expect(links.getByLabelText('HTTP-FLV')).toHaveValue(`${location.origin}/live/show.flv?pass=tok.en`);
    expect(await links.findByLabelText('RTMP')).toHaveValue('rtmp://localhost/live/show?pass=tok.en');
    expect(calls.find(({ path }) => path === 'hooks/play/passes/create')?.body).toMatchObject({ label: 'Press', max_viewers: 5 });
    expect(calls.some(({ path }) => path === 'hooks/play/passes/token')).toBe(false);
  });

  test('tell their use, and are revoked one by one when confirmed', async () => {
    const press = pass('Press', { uses: 41, last_used_ms: Date.now() - 120_000 });
    const calls = fakeApi({ ...KNOWN, 'hooks/play/passes/list': { passes: [press] }, 'hooks/play/passes/revoke': null });
    const { user } = renderApp(`${PAGE}/access`);
    const row = within(await screen.findByRole('row', { name: /Press/ }));
    expect(row.getByText('41')).toBeVisible();
    expect(row.getByText('2 minutes ago')).toBeVisible();
    await user.click(row.getByRole('button', { name: 'Actions for pass Press' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Revoke…' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Revoke pass “Press”?' }));
    await user.click(dialog.getByRole('button', { name: 'Revoke pass' }));
    await waitFor(() => expect(calls).toContainEqual({ path: 'hooks/play/passes/revoke', body: { id: press.id } }));
  });
});

describe('the tester', () => {
  test('says why a link would be refused, step by step', async () => {
    const calls = fakeApi({
      ...KNOWN,
      'hooks/play/test': {
        allowed: false,
        key: 'pass_expired',
        message: 'this pass has expired',
        help: '',
        kind: 'pass',
        url: 'live/other',
        steps: [
          { name: 'link', ok: true, detail: '' },
          { name: 'rule', ok: true, detail: '' },
          { name: 'pass_time', ok: false, detail: '' },
        ],
      },
    });
    const { user } = renderApp(`${PAGE}/access`);
    await user.type(await screen.findByLabelText('Link or pass'), 'https://host/watch/live/other?pass=old');
    await user.click(screen.getByRole('button', { name: 'Try' }));
    expect(await screen.findByText('Would be refused')).toBeVisible();
    expect(screen.getByText(/The pass has expired/)).toBeVisible();
    expect(screen.getByText(/leads to live\/other/)).toBeVisible();
    const steps = within(screen.getByRole('list', { name: 'What is checked, in order' })).getAllByRole('listitem');
    expect(steps.map((step) => step.textContent)).toEqual([
      'passed: The link can be read',
      'passed: The rule of the stream · With a pass',
      'failed: The pass has not expired',
    ]);
    expect(calls).toContainEqual({ path: 'hooks/play/test', body: { app: 'live', stream: 'show', link: 'https://host/watch/live/other?pass=old' } });
  });
});

describe('viewers', () => {
  test('are listed with what is known of them, counted by protocol', async () => {
    fakeApi({
      ...KNOWN,
      'hooks/viewers/query': { viewers: [viewer('a', { pass_id: 'p', pass_label: 'Press' }), viewer('b', { protocol: 'flv', pass_id: 'phrase:3' })], total: 2, cursor: null },
    });
    renderApp(`${PAGE}/viewers`);
    await goLive([stream('show')]);
    const rows = await screen.findAllByRole('row');
    const row = within(rows[1]!);
    for (const text of ['198.51.100.4', 'HLS', '1 minute ago', 'Chrome 140', '12.4 MB', 'Press']) expect(row.getByText(text)).toBeVisible();
    expect(within(rows[2]!).getByText('Passphrase')).toBeVisible();
    expect(screen.getByTestId('viewer-counts')).toHaveTextContent('3 viewersHLS 2HTTP-FLV 1');
    expect(screen.queryByRole('navigation', { name: 'Pages of viewers' })).not.toBeInTheDocument();
  });

  test('come a page at a time', async () => {
    fakeApi({
      ...KNOWN,
      'hooks/viewers/query': ({ cursor }: { cursor?: unknown }) =>
        cursor === 'next'
          ? { viewers: [viewer('last', { ip: '203.0.113.9' })], total: 101, cursor: null }
          : { viewers: Array.from({ length: 100 }, (_, at) => viewer(`v${at}`)), total: 101, cursor: 'next' },
    });
    const { user } = renderApp(`${PAGE}/viewers`);
    expect(await screen.findByText('1–100 of 101')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Next' }));
    expect(await screen.findByText('101–101 of 101')).toBeVisible();
    expect(await screen.findByText('203.0.113.9')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Previous' }));
    expect(await screen.findByText('1–100 of 101')).toBeVisible();
  });

  test('are kicked for as long as chosen, when confirmed', async () => {
    const calls = fakeApi({ ...KNOWN, 'hooks/viewers/query': { viewers: [viewer('a')], total: 1, cursor: null }, 'hooks/viewers/kick': null });
    const { user } = renderApp(`${PAGE}/viewers`);
    await user.click(await screen.findByRole('button', { name: 'Kick viewer 198.51.100.4' }));
    const dialog = within(await screen.findByRole('dialog', { name: 'Kick viewer 198.51.100.4?' }));
    await user.selectOptions(dialog.getByLabelText('Keep the address out for'), 'One hour');
    await user.click(dialog.getByRole('button', { name: 'Kick viewer' }));
    await waitFor(() => expect(calls).toContainEqual({ path: 'hooks/viewers/kick', body: { client_id: 'a', block_s: 3600 } }));
  });

  test('are explained while there are none', async () => {
    fakeApi(KNOWN);
    renderApp(`${PAGE}/viewers`);
    expect(await screen.findByText('Nobody is watching')).toBeVisible();
  });
});
