import type { UploadOptions } from 'tus-js-client';
import { expect, test, vi } from 'vitest';
import { SpeedMeter } from './speed-meter';
import { isBusy, UploadQueue, type OwnUpload } from './upload-queue';

/** The protocol's client as the queue sees it; the test is the server. */
class FakeUpload {
  static all: FakeUpload[] = [];
  url: string | null = null;
  started = 0;
  aborted: boolean[] = [];

  constructor(
    readonly file: File,
    readonly options: UploadOptions,
  ) {
    FakeUpload.all.push(this);
  }

  start(): void {
    this.started += 1;
  }

  abort(terminate = false): Promise<void> {
    this.aborted.push(terminate);
    return Promise.resolve();
  }

  refuse(status: number, body: object = {}): boolean {
    const error = Object.assign(new Error('refused'), {
      originalResponse: status === 0 ? null : { getStatus: () => status, getBody: () => JSON.stringify(body), getHeader: () => undefined },
    }) as never;
    const again = this.options.onShouldRetry?.(error, 0, this.options) ?? false;
    if (!again) this.options.onError?.(error);
    return again;
  }
}

function file(name: string, size: number): File {
  return Object.defineProperty(new File([], name), 'size', { value: size });
}

async function queueOf(
  files: File[],
  facts: Partial<Parameters<UploadQueue['add']>[1]> = {},
  onDone?: (upload: OwnUpload) => void,
  metadata?: Record<string, string>,
) {
  FakeUpload.all = [];
  const queue = new UploadQueue(() => Promise.resolve({ Upload: FakeUpload as never }), onDone, metadata);
  queue.add(files, { limit: null, unfinished: [], ...facts });
  await settled();
  return queue;
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const states = (queue: UploadQueue) => queue.read().map(({ state }) => state);
const first = (queue: UploadQueue) => queue.read()[0] as OwnUpload;

test('two files go at once, the next one when there is room', async () => {
  const done = vi.fn();
  const queue = await queueOf([file('a.mp4', 10), file('b.mp4', 10), file('c.mp4', 10)], {}, done);
  expect(states(queue)).toEqual(['uploading', 'uploading', 'waiting']);
  expect(isBusy(queue.read())).toBe(true);
  expect(FakeUpload.all[0]?.options.metadata).toEqual({ filename: 'a.mp4', title: 'a' });
  FakeUpload.all[0]?.options.onSuccess?.({ lastResponse: {} as never });
  await settled();
  expect(states(queue)).toEqual(['done', 'uploading', 'uploading']);
  expect(done).toHaveBeenCalledOnce();
});

test('what a file is for goes to the server, and whose it is comes back when it has arrived', async () => {
  const done = vi.fn();
  const queue = await queueOf([file('a.mp4', 10)], { owner: 'channel-1' }, done, { purpose: 'vlive' });
  const [upload] = FakeUpload.all;
  expect(upload?.options.metadata).toEqual({ filename: 'a.mp4', title: 'a', purpose: 'vlive' });
  upload!.url = '/terraform/v1/uploads/u7';
  upload?.options.onUploadUrlAvailable?.();
  upload?.options.onSuccess?.({ lastResponse: {} as never });
  expect(done).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ id: 'u7', name: 'a.mp4', owner: 'channel-1', state: 'done' }));
  expect(first(queue).id).toBe('u7');
});

test('a file too large or empty is told before anything is sent', async () => {
  const queue = await queueOf([file('big.mp4', 11), file('none.mp4', 0), file('fits.mp4', 10)], { limit: 10 });
  expect(queue.read().map(({ state, error }) => [state, (error as { key?: string } | null)?.key])).toEqual([
    ['failed', 'upload_too_large'],
    ['failed', 'upload_empty'],
    ['uploading', undefined],
  ]);
  expect(FakeUpload.all).toHaveLength(1);
});

test('the same file goes on where the server has it, another one of that name does not', async () => {
  const unfinished = [{ id: 'u1', purpose: '', filename: 'a.mp4', title: 'a', size_bytes: 10, offset_bytes: 4, created_ms: 0, expires_ms: 0 }];
  const queue = await queueOf([file('a.mp4', 10), file('a.mp4', 11)], { unfinished });
  expect(first(queue)).toMatchObject({ id: 'u1', sent: 4 });
  expect(FakeUpload.all.map(({ options }) => options.uploadUrl)).toEqual(['/terraform/v1/uploads/u1', null]);
  queue.add([file('a.mp4', 10)], { limit: null, unfinished });
  expect(queue.read()[2]).toMatchObject({ id: '', sent: 0 });
});

test('a file that is paused makes room, and goes on later with the same upload', async () => {
  const queue = await queueOf([file('a.mp4', 10), file('b.mp4', 10), file('c.mp4', 10)]);
  queue.pause(first(queue).key);
  await settled();
  expect(states(queue)).toEqual(['paused', 'uploading', 'uploading']);
  expect(FakeUpload.all[0]?.aborted).toEqual([false]);
  FakeUpload.all[1]?.options.onSuccess?.({ lastResponse: {} as never });
  queue.resume(first(queue).key);
  await settled();
  expect(states(queue)).toEqual(['uploading', 'done', 'uploading']);
  expect(FakeUpload.all).toHaveLength(3);
  expect(FakeUpload.all[0]?.started).toBe(2);
});

test('a cancelled file is forgotten by the server too', async () => {
  const queue = await queueOf([file('a.mp4', 10)]);
  await queue.cancel(first(queue).key);
  expect(queue.read()).toEqual([]);
  expect(FakeUpload.all[0]?.aborted).toEqual([true]);
});

test.each([[0], [423], [500], [503]])('HTTP %s is waited out, and the row says so until bytes move again', async (status) => {
  const queue = await queueOf([file('a.mp4', 10)]);
  expect(FakeUpload.all[0]?.refuse(status)).toBe(true);
  expect(first(queue).state).toBe('retrying');
  FakeUpload.all[0]?.options.onProgress?.(5, 10);
  expect(first(queue)).toMatchObject({ state: 'uploading', sent: 5 });
});

test.each([[401], [413], [507]])('HTTP %s ends it with the words of the server', async (status) => {
  const queue = await queueOf([file('a.mp4', 10)]);
  expect(FakeUpload.all[0]?.refuse(status, { code: 1, data: { message: 'No.', help: 'Later.', key: 'because' } })).toBe(false);
  expect(first(queue)).toMatchObject({ state: 'failed', error: { message: 'No.', help: 'Later.', key: 'because', status } });
});

test('speed is that of the last seconds', () => {
  const meter = new SpeedMeter();
  meter.add(0, 0);
  expect(meter.read()).toBeNull();
  for (let second = 1; second <= 20; second += 1) meter.add(second * 1000, second * 1000);
  expect(meter.read()).toBe(1000);
  for (let second = 21; second <= 40; second += 1) meter.add(20_000 + (second - 20) * 5000, second * 1000);
  expect(meter.read()).toBe(5000);
  meter.add(100, 41_000);
  expect(meter.read()).toBeNull();
});
