import { describe, expect, test, vi } from 'vitest';
import { fakeApi, Refusal } from '../testing/fake-api';
import { apiGet, apiPost, apiProbe, onSignedOut } from './api-client';

describe('the API client', () => {
  test('takes data out of the envelope', async () => {
    fakeApi({ 'mgmt/versions': { version: '1' } });
    await expect(apiGet('mgmt/versions')).resolves.toEqual({ version: '1' });
  });

  test('turns an error reply into key, message and status', async () => {
    fakeApi({ x: new Refusal(404, 'stream_not_live', 'gone') });
    await expect(apiPost('x')).rejects.toMatchObject({ key: 'stream_not_live', message: 'gone', status: 404 });
  });

  test.each([
    [new Response('<html>', { status: 502 }), 'service_away'],
    [new Response('<html>', { status: 200 }), 'bad_reply'],
    [new TypeError('Failed to fetch'), 'unreachable'],
  ])('names a failure that is not in the envelope (%#)', async (answer, key) => {
    fakeApi({ x: answer });
    await expect(apiGet('x')).rejects.toMatchObject({ key });
  });

  test.each(['token_missing', 'token_invalid', 'token_expired', 'token_revoked'])('reports %s, but not a wrong password', async (key) => {
    const signedOut = vi.fn();
    onSignedOut(signedOut);
    fakeApi({ login: new Refusal(401, 'wrong_password'), x: new Refusal(401, key) });
    await expect(apiPost('login')).rejects.toThrow();
    await expect(apiProbe('x')).rejects.toThrow();
    expect(signedOut).not.toHaveBeenCalled();
    await expect(apiPost('x')).rejects.toThrow();
    expect(signedOut).toHaveBeenCalledOnce();
  });
});
