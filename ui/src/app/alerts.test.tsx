import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { fakeApi, Refusal } from '../testing/fake-api';
import { alert, KINDS, notifyTarget, rule } from '../testing/monitor-samples';
import { goLive, renderApp } from '../testing/render';

async function open(answers: Parameters<typeof fakeApi>[0] = {}) {
  const calls = fakeApi({
    'mgmt/alerts/list': { alerts: [], history: [] },
    'mgmt/alerts/rules/list': { rules: [rule('disk_low'), rule('service_down', { level: 'critical', threshold: null, unit: '', for_s: 0 })] },
    'mgmt/notify/list': { targets: [], kinds: KINDS },
    ...answers,
  });
  const { user } = renderApp('/system/alerts');
  const source = await goLive([]);
  return { user, source, sent: (path: string) => calls.filter((call) => call.path === path).map(({ body }) => body) };
}

describe('what is wrong', () => {
  test('is told with level, advice and a way there; what is known of is quiet', async () => {
    let acknowledged = false;
    const list = () => ({ alerts: [alert('disk_low', { acknowledged })], history: [] });
    const { user, sent } = await open({
      'mgmt/alerts/list': list,
      'mgmt/alerts/ack': () => {
        acknowledged = true;
        return alert('disk_low', { acknowledged });
      },
    });
    const now = within(await screen.findByRole('region', { name: 'Now' }));
    expect(await now.findByText('The disk /data has 8 % left (5.2 GB).')).toBeVisible();
    expect(now.getByText('Warning')).toBeVisible();
    expect(now.getByText('1 minute ago')).toBeVisible();
    expect(now.getByRole('link', { name: /Look at it/ })).toHaveAttribute('href', '/mgmt/recordings/retention');
    expect(screen.getByText('1 warning')).toBeVisible();
    await user.click(now.getByRole('button', { name: /I know/ }));
    expect(await now.findByText('Somebody knows')).toBeVisible();
    expect(sent('mgmt/alerts/ack')).toEqual([{ id: 'disk_low:' }]);
    expect(now.queryByRole('button', { name: /I know/ })).toBeNull();
  });

  test('follows the live events, and what is over is in the history', async () => {
    let history: unknown[] = [];
    const { source } = await open({ 'mgmt/alerts/list': () => ({ alerts: [], history }) });
    act(() => source.send('alerts', { alerts: [alert('service_down', { level: 'critical', message: { key: 'service_down', params: { service: 'hooks', reason: 'exit status 1' } } })] }));
    expect(await screen.findByText('hooks does not run: exit status 1')).toBeVisible();
    history = [{ ...alert('service_down', { level: 'critical', message: { key: 'service_down', params: { service: 'hooks', reason: 'exit status 1' } } }), ended_ms: Date.now() }];
    act(() => source.send('alerts', { alerts: [] }));
    const past = within(await screen.findByRole('table', { name: 'What was wrong' }));
    expect(past.getByText('hooks does not run: exit status 1')).toBeVisible();
    expect(past.getByText('1:30')).toBeVisible();
  });

  test('a cause that must last is shown as waiting', async () => {
    await open({ 'mgmt/alerts/list': { alerts: [alert('cpu_high', { state: 'pending' })], history: [] } });
    expect(await screen.findByText('Waiting')).toBeVisible();
    expect(screen.queryByRole('button', { name: /I know/ })).toBeNull();
  });
});

describe('rules', () => {
  test('are switched off and on, and changed within their bounds', async () => {
    const { user, sent } = await open({ 'mgmt/alerts/rules/update': rule('disk_low') });
    await user.click(await screen.findByRole('switch', { name: 'Disk getting full' }));
    await waitFor(() => expect(sent('mgmt/alerts/rules/update')).toEqual([{ rule: 'disk_low', enabled: false }]));
    await user.click(screen.getByRole('button', { name: 'Change “Disk getting full”' }));
    const form = within(await screen.findByRole('dialog', { name: 'Disk getting full' }));
    const threshold = form.getByLabelText('Threshold');
    await user.clear(threshold);
    await user.type(threshold, '120');
    await user.click(form.getByRole('button', { name: 'Save rule' }));
    expect(sent('mgmt/alerts/rules/update')).toHaveLength(1);
    await user.clear(threshold);
    await user.type(threshold, '15');
    await user.selectOptions(form.getByLabelText('Level'), 'Critical');
    await user.click(form.getByRole('button', { name: 'Save rule' }));
    await waitFor(() => expect(sent('mgmt/alerts/rules/update')[1]).toEqual({ rule: 'disk_low', level: 'critical', threshold: 15, for_s: 5 }));
  });
});

describe('who is told', () => {
  test('is added with what the kind needs, and what is missing is named', async () => {
    const { user, sent } = await open({ 'mgmt/notify/create': notifyTarget('Me') });
    await user.click(await screen.findByRole('button', { name: 'Add somebody to tell' }));
    const form = within(await screen.findByRole('dialog', { name: 'Add somebody to tell' }));
    await user.selectOptions(form.getByLabelText('How'), 'E-mail');
    await user.click(form.getByRole('button', { name: 'Add somebody to tell' }));
    expect(form.getAllByText('Fill this in.')).toHaveLength(4);
    await user.type(form.getByLabelText('Name'), 'Me');
    await user.type(form.getByLabelText('SMTP server'), 'smtp.example.com');
    await user.type(form.getByLabelText('From'), 'a@example.com');
    await user.type(form.getByLabelText('To'), 'me@example.com');
    expect(form.getByLabelText('Language')).toHaveValue('en');
    await user.selectOptions(form.getByLabelText('Language'), '简体中文');
    await user.click(form.getByRole('button', { name: 'Add somebody to tell' }));
    await waitFor(() =>
      expect(sent('mgmt/notify/create')).toEqual([
        {
          label: 'Me',
          kind: 'email',
          fields: { host: 'smtp.example.com', port: '587', security: 'starttls', user: '', password: '', from: 'a@example.com', to: 'me@example.com', allow_private: 'no' },
          levels: ['critical', 'warning'],
          language: 'zh',
          enabled: true,
        },
      ]),
    );
  });

  test('a secret that is not typed anew is not sent', async () => {
    const { user, sent } = await open({ 'mgmt/notify/list': { targets: [notifyTarget('Me')], kinds: KINDS }, 'mgmt/notify/update': notifyTarget('Me') });
    await user.click(await screen.findByRole('button', { name: 'Actions for Me' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Change…' }));
    const form = within(await screen.findByRole('dialog', { name: 'Change Me' }));
    expect(form.getByLabelText('Password')).toHaveValue('');
    await user.click(form.getByRole('checkbox', { name: 'Warning' }));
    await user.click(form.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent('mgmt/notify/update')).toHaveLength(1));
    const [change] = sent('mgmt/notify/update');
    expect(change).toMatchObject({ id: 'id-Me', levels: ['critical', 'warning'] });
    expect(change!.fields).not.toHaveProperty('password');
  });

  test.each([
    [{ ok: true, message: 'The server took it: 250 OK.' }, 'It has arrived'],
    [{ ok: false, message: '535 authentication failed' }, 'It did not arrive'],
  ])('a test tells what the other side answered', async (answer, title) => {
    const { user } = await open({ 'mgmt/notify/list': { targets: [notifyTarget('Me')], kinds: KINDS }, 'mgmt/notify/test': answer });
    await user.click(await screen.findByRole('button', { name: 'Send a test to Me' }));
    expect(await screen.findByText(title)).toBeVisible();
    expect(screen.getByText(answer.message)).toBeVisible();
  });

  test('one that is not reached says why', async () => {
    await open({
      'mgmt/notify/list': { targets: [notifyTarget('Me', { last: { at_ms: Date.now() - 5_000, ok: false, error: 'Connection refused' }, waiting: 2 })], kinds: KINDS },
    });
    expect(await screen.findByText('Does not arrive')).toBeVisible();
    expect(screen.getByText('Connection refused')).toBeVisible();
    expect(screen.getByText('2 messages wait')).toBeVisible();
  });

  test('is switched off, and removed after a question', async () => {
    const { user, sent } = await open({
      'mgmt/notify/list': { targets: [notifyTarget('Me')], kinds: KINDS },
      'mgmt/notify/update': new Refusal(404, 'notify_unknown'),
      'mgmt/notify/remove': null,
    });
    await user.click(await screen.findByRole('switch', { name: 'Tell Me' }));
    expect(await screen.findByText('This is not on the list any more.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Actions for Me' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Remove' }));
    await user.click(within(await screen.findByRole('dialog', { name: 'Remove Me?' })).getByRole('button', { name: 'Remove' }));
    await waitFor(() => expect(sent('mgmt/notify/remove')).toEqual([{ id: 'id-Me' }]));
  });
});
