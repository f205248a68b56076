import { act, screen, waitFor } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { fakeApi, Refusal } from '../testing/fake-api';
import { goLive, renderApp } from '../testing/render';
import { stream } from '../testing/samples';

const CODE = 'GOOD-CODE';

/** A server without a password that knows one setup code. */
function freshServer() {
  let init = false;
  return fakeApi({
    'mgmt/init': (body: Record<string, unknown>) => {
      if (!('password' in body)) return { init, setup_code_required: true };
      if (body.setup_code !== CODE) return new Refusal(403, 'setup_code_wrong');
      init = true;
      return { token: 't', createAt: '', expireAt: '' };
    },
  });
}

type User = ReturnType<typeof renderApp>['user'];

async function choosePassword(user: User, password: string, again = password) {
  await user.type(await screen.findByLabelText('Password'), password);
  await user.type(screen.getByLabelText('Password again'), again);
  await user.click(screen.getByRole('button', { name: 'Set password' }));
}

describe('the first run', () => {
  test('goes from password to waiting to the picture to the page', async () => {
    const calls = freshServer();
    const { user, router } = renderApp(`/setup#code=${CODE}`);
    await choosePassword(user, 'long enough');
    expect(await screen.findByText('Waiting for your picture')).toBeVisible();
    expect(calls).toContainEqual({ path: 'mgmt/init', body: { password: 'long enough', setup_code: CODE } });
    expect(await screen.findByLabelText('Server')).toHaveValue('rtmp://localhost/live');

    const source = await goLive([]);
    act(() => source.send('streams', { at_ms: Date.now(), streams: [stream()] }));
    expect(await screen.findByRole('heading', { name: 'You are live' })).toBeVisible();
    expect(screen.getByText('Receiving live/livestream')).toBeVisible();
    expect(screen.getByLabelText('Share link')).toHaveValue(`${location.origin}/watch/live/livestream`);
    expect(screen.getByLabelText('Preview of live/livestream')).toBeInTheDocument();

    await user.click(screen.getByRole('button', { name: 'Go to your page' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/'));
  });

  test('is where a fresh installation leads, with the code of the address', async () => {
    freshServer();
    const { router } = renderApp(`/#code=${CODE}`);
    expect(await screen.findByRole('heading', { name: 'Welcome to Streamstead' })).toBeVisible();
    expect(router.state.location.hash).toBe(`code=${CODE}`);
    expect(screen.queryByLabelText('Setup code')).not.toBeInTheDocument();
  });

  test('asks for the code when the address has none, and says where to find it', async () => {
    const calls = freshServer();
    const { user } = renderApp('/setup');
    await user.type(await screen.findByLabelText('Setup code'), ` ${CODE} `);
    expect(screen.getByText('streamstead setup-code')).toBeVisible();
    await choosePassword(user, 'long enough');
    expect(await screen.findByText('Waiting for your picture')).toBeVisible();
    expect(calls).toContainEqual({ path: 'mgmt/init', body: { password: 'long enough', setup_code: CODE } });
  });

  test('asks for another code when the one of the address is wrong', async () => {
    freshServer();
    const { user } = renderApp('/setup#code=OLD');
    await choosePassword(user, 'long enough');
    expect(await screen.findByRole('alert')).toHaveTextContent('The setup code is wrong.');
    await user.type(screen.getByLabelText('Setup code'), CODE);
    await user.click(screen.getByRole('button', { name: 'Set password' }));
    expect(await screen.findByText('Waiting for your picture')).toBeVisible();
  });

  test.each([
    ['short', 'short', 'At least 8 characters.'],
    ['long enough', 'long enougg', 'The two passwords differ.'],
  ])('does not send %s with %s', async (password, again, reason) => {
    const calls = freshServer();
    const { user } = renderApp(`/setup#code=${CODE}`);
    await choosePassword(user, password, again);
    expect(await screen.findByText(reason)).toBeVisible();
    expect(calls.every(({ body }) => !('password' in body))).toBe(true);
  });

  test('leads to sign-in when a password is set already', async () => {
    fakeApi({ 'mgmt/streams/query': new Refusal(401, 'token_missing') });
    const { router } = renderApp(`/setup#code=${CODE}`);
    expect(await screen.findByRole('heading', { name: 'Sign in' })).toBeVisible();
    expect(router.state.location.pathname).toBe('/sign-in');
  });
});
