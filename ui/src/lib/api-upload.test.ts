import { expect, test, vi } from 'vitest';
import { onSignedOut } from './api-client';
import { apiUpload } from './api-upload';
import { FakeUpload } from '../testing/fake-upload';

test('a file goes as it is, and is told of while it goes', async () => {
  const upload = FakeUpload.use();
  const told: number[] = [];
  const made = apiUpload('ffmpeg/slate/upload?name=a.png', new Blob(['12345']), (sent) => told.push(sent));
  upload.last.goOn(3);
  upload.last.answer(200, { code: 0, data: { id: 'f' } });
  expect(await made).toEqual({ id: 'f' });
  expect(told).toEqual([3]);
  expect(upload.last).toMatchObject({ method: 'POST', url: '/terraform/v1/ffmpeg/slate/upload?name=a.png', type: 'application/octet-stream' });
});

test.each([
  [400, { code: 4000, data: { message: 'no', help: 'yes', key: 'slate_file_kind' } }, { key: 'slate_file_kind', message: 'no', help: 'yes' }],
  [413, '<html>', { key: 'body_too_large' }],
  [502, '<html>', { key: 'service_away' }],
  [500, '', { key: 'bad_reply' }],
])('status %i fails with what the server says', async (status, reply, wanted) => {
  const upload = FakeUpload.use();
  const made = apiUpload('x', new Blob([]), () => undefined);
  upload.last.answer(status, reply);
  await expect(made).rejects.toMatchObject(wanted);
});

test('a server that is away, a session that is over, and a change of mind end it', async () => {
  const upload = FakeUpload.use();
  const away = apiUpload('x', new Blob([]), () => undefined);
  upload.last.onerror?.();
  await expect(away).rejects.toMatchObject({ key: 'unreachable' });
  const out = vi.fn();
  onSignedOut(out);
  const over = apiUpload('x', new Blob([]), () => undefined);
  upload.last.answer(401, { code: 4000, data: { key: 'token_expired', message: '', help: '' } });
  await expect(over).rejects.toMatchObject({ key: 'token_expired' });
  expect(out).toHaveBeenCalledOnce();
  const stop = new AbortController();
  const ended = apiUpload('x', new Blob([]), () => undefined, stop.signal);
  stop.abort();
  await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
});
