import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { faultsOf, splitDomains, toRequest } from '../features/https/domain-draft';
import type { Certificate } from '../lib/house-types';
import { fakeApi, Refusal, type Call } from '../testing/fake-api';
import { certificate, front } from '../testing/house-samples';
import { renderApp } from '../testing/render';

const sent = (calls: Call[], path: string) => calls.filter((call) => call.path === path).map(({ body }) => body);
const LETS: Partial<Certificate> = { provider: 'lets', domains: ['live.example.com'], trusted: true, days_left: 60 };

async function open(now: Certificate, answers: Parameters<typeof fakeApi>[0] = {}) {
  const calls = fakeApi({ 'mgmt/cert/query': now, 'mgmt/front/query': front(), 'mgmt/front/update': front(), ...answers });
  const { user } = renderApp('/system/https');
  await screen.findByRole('heading', { name: 'Certificate' });
  return { user, calls };
}

test('domains are taken as they are typed or pasted', () => {
  expect(splitDomains(' https://Live.Example.com/ , www.example.com;\nwww.example.com ')).toEqual(['live.example.com', 'www.example.com']);
  const draft = { domains: '*.example.com', email: '', challenge: 'http', credentials: {} } as const;
  expect(faultsOf(draft, false)).toEqual({ domains: 'wildcard' });
  expect(faultsOf({ ...draft, challenge: 'cloudflare' }, false)).toEqual({ credentials: 'missing' });
  expect(faultsOf({ ...draft, challenge: 'cloudflare' }, true)).toEqual({});
  expect(faultsOf({ ...draft, domains: '192.0.2.7', email: 'me' }, false)).toEqual({ domains: 'address', email: 'form' });
  expect(toRequest({ ...draft, challenge: 'cloudflare', credentials: { api_token: ' t ' } })).toEqual({
    domain: '*.example.com',
    email: '',
    dns: { plugin: 'cloudflare', credentials: { api_token: 't' } },
  });
});

describe('the certificate', () => {
  test('of our own making is called what it is', async () => {
    await open(certificate());
    expect(await screen.findByText('Browsers warn of this certificate')).toBeVisible();
    expect(screen.getByText('HTTPS with a certificate that browsers warn of')).toBeVisible();
  });

  test('counts down, and a renewal that failed is told with its cause', async () => {
    const last_error = { key: 'acme_unreachable_test', message: 'The authority cannot be reached.', help: 'Check the network.' };
    const { user, calls } = await open(
      certificate({ ...LETS, days_left: 3, renewal: { ...certificate().renewal, email: 'me@example.com', last_ok: false, last_at_ms: Date.now() - 5000, last_error } }),
      { 'mgmt/letsencrypt/renew': { renewOk: true, stdout: '' } },
    );
    expect(await screen.findByText('The certificate expires in 3 days')).toBeVisible();
    expect(screen.getByText('The authority cannot be reached.')).toBeVisible();
    expect(screen.getByText('Check the network.')).toBeVisible();
    await user.click(screen.getAllByRole('button', { name: 'Renew now' })[0]!);
    await waitFor(() => expect(sent(calls, 'mgmt/letsencrypt/renew')).toEqual([{ force: true }]));
  });

  test('is got by a wizard: check, rehearsal, the real thing', async () => {
    let checks = 0;
    const made = certificate({ ...LETS, port: 8443 });
    const items = (level: string) => [{ id: 'dns', level, key: 'dns_elsewhere_test', subject: 'live.example.com', message: 'points to 192.0.2.1', help: 'Change the A record.' }];
    const { user, calls } = await open(certificate(), {
      'mgmt/letsencrypt/check': () => (checks++ === 0 ? { ok: false, items: items('fail') } : { ok: true, items: items('warn') }),
      'mgmt/letsencrypt': made,
    });
    await user.click(await screen.findByRole('button', { name: 'Set up HTTPS' }));
    const wizard = await screen.findByRole('dialog', { name: 'Set up HTTPS' });
    await user.click(within(wizard).getByRole('button', { name: 'Check the domains' }));
    expect(await within(wizard).findByText('Type at least one domain.')).toBeVisible();
    await user.type(within(wizard).getByLabelText('Domains'), 'live.example.com');
    await user.type(within(wizard).getByLabelText('E-mail'), 'me@example.com');
    await user.click(within(wizard).getByRole('button', { name: 'Check the domains' }));
    const found = await within(wizard).findByRole('list', { name: 'What was found' });
    expect(within(found).getByRole('img', { name: 'Problem' })).toBeVisible();
    expect(within(found).getByText('Change the A record.')).toBeVisible();
    expect(within(wizard).getByRole('button', { name: 'Rehearse' })).toBeDisabled();
    await user.click(within(wizard).getByRole('button', { name: 'Check again' }));
    await user.click(await waitFor(() => {
      const button = within(wizard).getByRole('button', { name: 'Rehearse' });
      expect(button).toBeEnabled();
      return button;
    }));
    expect(await within(wizard).findByText(/It works/)).toBeVisible();
    await user.click(within(wizard).getByRole('button', { name: 'Get the certificate' }));
    expect(await within(wizard).findByText('HTTPS works')).toBeVisible();
    expect(within(wizard).getByRole('link', { name: 'Open the new address' })).toHaveAttribute('href', 'https://live.example.com:8443/mgmt/');
    const request = { domain: 'live.example.com', email: 'me@example.com', dns: null, force: true };
    expect(sent(calls, 'mgmt/letsencrypt')).toEqual([{ ...request, dry_run: true }, request]);
  });

  test('that could not be got says why, and that nothing has changed', async () => {
    const error = { key: 'challenge_failed_test', message: 'The authority could not fetch the file.', help: 'Open port 80.' };
    const job = {
      kind: 'issue',
      state: 'failed',
      steps: [
        { id: 'check', state: 'done', message: '' },
        { id: 'request', state: 'failed', message: '' },
      ],
      checks: [],
      error,
      started_ms: Date.now(),
      ended_ms: Date.now(),
    };
    await open(certificate({ job }));
    const notice = await screen.findByRole('alert');
    expect(notice).toHaveTextContent(/could not fetch the file.*Open port 80.*Nothing has changed/s);
  });

  test('from elsewhere is uploaded, and the one before comes back', async () => {
    const { user, calls } = await open(certificate({ previous: { provider: 'self', domains: ['old.example.com'], not_after_ms: Date.now() } }), {
      'mgmt/ssl': new Refusal(422, 'certificate_key_mismatch'),
      'mgmt/cert/rollback': certificate(),
    });
    await user.click(await screen.findByRole('button', { name: 'Other certificates' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Upload a certificate…' }));
    const dialog = await screen.findByRole('dialog', { name: 'Upload a certificate' });
    await user.click(within(dialog).getByRole('button', { name: 'Use this certificate' }));
    expect(within(dialog).getByText('It begins with -----BEGIN CERTIFICATE-----.')).toBeVisible();
    await user.click(within(dialog).getByLabelText('Certificate with its chain', { selector: 'textarea' }));
    await user.paste('-----BEGIN CERTIFICATE-----');
    await user.click(within(dialog).getByLabelText('Private key', { selector: 'textarea' }));
    await user.paste('-----BEGIN PRIVATE KEY-----');
    await user.click(within(dialog).getByRole('button', { name: 'Use this certificate' }));
    expect(await within(dialog).findByRole('alert')).toHaveTextContent(/do not belong together/);
    await user.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await user.click(screen.getByRole('button', { name: 'Other certificates' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Back to the previous one…' }));
    await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Go back' }));
    await waitFor(() => expect(sent(calls, 'mgmt/cert/rollback')).toHaveLength(1));
  });

  test('HSTS is switched on only after its danger was told', async () => {
    const { user, calls } = await open(certificate(LETS));
    await user.click(await screen.findByRole('switch', { name: 'HSTS' }));
    const asked = await screen.findByRole('dialog', { name: 'Switch HSTS on?' });
    expect(sent(calls, 'mgmt/front/update')).toEqual([]);
    await user.click(within(asked).getByRole('button', { name: 'Switch HSTS on' }));
    await waitFor(() => expect(sent(calls, 'mgmt/front/update')).toEqual([{ hsts: true }]));
    await user.click(screen.getByRole('switch', { name: 'Send visitors from http to https' }));
    await waitFor(() => expect(sent(calls, 'mgmt/front/update').at(-1)).toEqual({ redirect_https: true }));
  });
});
