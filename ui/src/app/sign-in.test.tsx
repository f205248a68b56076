import { screen } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { fakeApi, Refusal } from '../testing/fake-api';
import { goLive, renderApp } from '../testing/render';

const NO_SESSION = { 'mgmt/streams/query': new Refusal(401, 'token_missing') };

async function signIn(path: string, password: string) {
  const { user, router } = renderApp(path);
  await user.type(await screen.findByLabelText('Password'), password);
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  return { user, router };
}

describe('sign-in', () => {
  test('is asked for when there is no session', async () => {
    fakeApi(NO_SESSION);
    renderApp('/');
    expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeVisible();
  });

  test('says that the password is wrong', async () => {
    fakeApi({ ...NO_SESSION, 'mgmt/login': new Refusal(401, 'wrong_password') });
    await signIn('/sign-in', 'nope');
    expect(await screen.findByRole('alert')).toHaveTextContent('Wrong password.');
  });

  test('says when to try again after too many wrong passwords', async () => {
    fakeApi({ ...NO_SESSION, 'mgmt/login': new Refusal(429, 'rate_limited', 'slow down', { 'Retry-After': '42' }) });
    await signIn('/sign-in', 'nope');
    expect(await screen.findByRole('alert')).toHaveTextContent(/Try again in \d+ s/);
  });

  test('says that the server cannot be reached', async () => {
    fakeApi({ ...NO_SESSION, 'mgmt/login': new TypeError('Failed to fetch') });
    await signIn('/sign-in', 'secret phrase');
    expect(await screen.findByRole('alert')).toHaveTextContent('The server cannot be reached.');
  });

  test('leads home', async () => {
    const calls = fakeApi({ ...NO_SESSION, 'mgmt/login': { token: 't', createAt: '', expireAt: '' } });
    const { router } = await signIn('/sign-in', 'secret phrase');
    expect(await screen.findByRole('navigation', { name: 'Main' })).toBeVisible();
    expect(router.state.location.pathname).toBe('/');
    expect(calls).toContainEqual({ path: 'mgmt/login', body: { password: 'secret phrase' } });
  });

  test('is where a session that ended leads, and says so', async () => {
    fakeApi({ 'hooks/srs/secret/query': new Refusal(401, 'token_invalid') });
    renderApp('/streams');
    expect(await screen.findByText('Your session has ended. Sign in to go on.')).toBeVisible();
  });
});

test('signing out ends the session and asks for the password', async () => {
  let signedIn = true;
  const calls = fakeApi({
    'mgmt/streams/query': () => (signedIn ? { streams: [] } : new Refusal(401, 'token_missing')),
    'mgmt/logout': () => {
      signedIn = false;
      return null;
    },
  });
  const { user } = renderApp('/streams');
  await goLive([]);
  await user.click(screen.getByRole('button', { name: 'Account' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Sign out' }));
  expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeVisible();
  expect(calls.some(({ path }) => path === 'mgmt/logout')).toBe(true);
});

test('the password is changed from the account menu', async () => {
  const calls = fakeApi({ 'mgmt/password': { token: 't', createAt: '', expireAt: '' } });
  const { user } = renderApp('/streams');
  await goLive([]);
  await user.click(screen.getByRole('button', { name: 'Account' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Change password' }));
  await user.type(await screen.findByLabelText('Current password'), 'old password');
  await user.type(screen.getByLabelText('New password'), 'new password');
  await user.type(screen.getByLabelText('Password again'), 'new password');
  await user.click(screen.getByRole('button', { name: 'Change password' }));
  expect(await screen.findByText('Password changed')).toBeVisible();
  expect(calls).toContainEqual({ path: 'mgmt/password', body: { password: 'old password', new_password: 'new password' } });
});
