import type { DetailedError, Upload, UploadOptions } from 'tus-js-client';
import { apiUrl } from '../../lib/api-client';
import { ApiError } from '../../lib/api-error';
import type { UnfinishedUpload } from '../../lib/recording-types';
import { SpeedMeter } from './speed-meter';

export type OwnUploadState = 'waiting' | 'uploading' | 'retrying' | 'paused' | 'done' | 'failed';

/** One file on its way from this browser. */
export interface OwnUpload {
  key: string;
  /** Of the upload at the server; empty until it has one. */
  id: string;
  /** What it was sent for, in the words of who added it; empty for nothing in particular. */
  owner: string;
  name: string;
  size: number;
  sent: number;
  state: OwnUploadState;
  /** Bytes a second. */
  speedBps: number | null;
  error: unknown;
}

type Tus = { Upload: new (file: File, options: UploadOptions) => Upload };

interface Job {
  item: OwnUpload;
  file: File;
  upload: Upload | null;
  speed: SpeedMeter;
}

const AT_ONCE = 2;
// A request is short enough to lose little, and below what the server takes at once.
const CHUNK_BYTES = 8 * 2 ** 20;
// A server that restarts or a line that is gone for a while ends nothing; each byte that arrives begins the row anew.
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, ...Array.from({ length: 400 }, () => 15_000)];
const FINAL = new Set<OwnUploadState>(['done', 'failed']);

/**
 * Files on their way to the server, two at once. Lives as long as the page: who goes to another
 * part of it finds everything still running. What a reload cuts off is taken up where it stopped
 * when the same file is added again.
 */
export class UploadQueue {
  private readonly jobs = new Map<string, Job>();
  private readonly listeners = new Set<() => void>();
  private snapshot: OwnUpload[] = [];
  private count = 0;

  /** `onDone` is called after each file that has arrived; `metadata` goes to the server with each. */
  constructor(
    private readonly load: () => Promise<Tus>,
    private readonly onDone: (upload: OwnUpload) => void = () => undefined,
    private readonly metadata: Record<string, string> = {},
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): OwnUpload[] => this.snapshot;

  /** Send files; those of which the server has a part already go on from there. `limit` bytes each, null is unknown. */
  add(files: File[], { limit, unfinished, owner = '' }: { limit: number | null; unfinished: UnfinishedUpload[]; owner?: string }): void {
    for (const file of files) {
      const known = unfinished.find((one) => isSameFile(one, file) && !this.has(one.id));
      this.count += 1;
      const item: OwnUpload = {
        key: String(this.count),
        id: known?.id ?? '',
        owner,
        name: file.name,
        size: file.size,
        sent: known?.offset_bytes ?? 0,
        state: 'waiting',
        speedBps: null,
        error: null,
      };
      const fault = faultOf(file, limit);
      this.jobs.set(item.key, { item: fault ? { ...item, state: 'failed', error: fault } : item, file, upload: null, speed: new SpeedMeter() });
    }
    this.publish();
    this.startNext();
  }

  /** Is this upload of the server one of ours? */
  has(id: string): boolean {
    return this.snapshot.some((one) => one.id === id && one.state !== 'failed');
  }

  pause(key: string): void {
    void this.jobs.get(key)?.upload?.abort();
    this.change(key, { state: 'paused', speedBps: null });
    this.startNext();
  }

  resume(key: string): void {
    this.change(key, { state: 'waiting', error: null });
    this.startNext();
  }

  /** Stop it and let the server forget what it has of it. */
  async cancel(key: string): Promise<void> {
    const job = this.jobs.get(key);
    this.forget(key);
    await job?.upload?.abort(true);
  }

  /** Take a finished one off the list. */
  forget(key: string): void {
    this.jobs.delete(key);
    this.publish();
    this.startNext();
  }

  private startNext(): void {
    const jobs = [...this.jobs.values()];
    let free = AT_ONCE - jobs.filter(({ item }) => item.state === 'uploading' || item.state === 'retrying').length;
    for (const { item } of jobs) {
      if (free <= 0) return;
      if (item.state !== 'waiting') continue;
      free -= 1;
      this.change(item.key, { state: 'uploading' });
      void this.start(item.key).catch((error: unknown) => this.fail(item.key, error));
    }
  }

  private async start(key: string): Promise<void> {
    const { Upload } = await this.load();
    const job = this.jobs.get(key);
    // Paused or cancelled while the code was on its way.
    if (job?.item.state !== 'uploading') return;
    job.speed.reset();
    job.upload ??= new Upload(job.file, this.options(job));
    job.upload.start();
  }

  private options({ item: { key, id }, file, speed }: Job): UploadOptions {
    return {
      endpoint: apiUrl('uploads/'),
      uploadUrl: id ? apiUrl(`uploads/${id}`) : null,
      metadata: { filename: file.name, title: titleOf(file.name), ...this.metadata },
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_MS,
      // The server's own list tells what it has; a second memory in this browser could only differ.
      storeFingerprintForResuming: false,
      onUploadUrlAvailable: () => this.change(key, { id: idOf(this.jobs.get(key)?.upload?.url ?? '') }),
      onProgress: (sent) => {
        speed.add(sent, Date.now());
        this.change(key, { state: 'uploading', sent, speedBps: speed.read() });
      },
      onShouldRetry: (error) => {
        const again = mayRetry(error);
        if (again) this.change(key, { state: 'retrying', speedBps: null, error: asApiFault(error) });
        return again;
      },
      onError: (error) => this.fail(key, asApiFault(error)),
      onSuccess: () => {
        this.change(key, { state: 'done', sent: file.size, speedBps: null, error: null });
        const done = this.jobs.get(key);
        if (done) this.onDone(done.item);
        this.startNext();
      },
    };
  }

  private fail(key: string, error: unknown): void {
    this.change(key, { state: 'failed', speedBps: null, error });
    this.startNext();
  }

  private change(key: string, change: Partial<OwnUpload>): void {
    const job = this.jobs.get(key);
    if (!job) return;
    job.item = { ...job.item, ...change };
    this.publish();
  }

  private publish(): void {
    this.snapshot = [...this.jobs.values()].map(({ item }) => item);
    for (const listener of this.listeners) listener();
  }
}

/** Something would be cut off by leaving the page. */
export function isBusy(uploads: OwnUpload[]): boolean {
  return uploads.some(({ state }) => !FINAL.has(state));
}

export function isSameFile(one: UnfinishedUpload, file: File): boolean {
  return one.filename === file.name && one.size_bytes === file.size;
}

function titleOf(filename: string): string {
  return filename.replace(/\.[^.]+$/, '');
}

function idOf(url: string): string {
  return url.split('/').at(-1) ?? '';
}

function faultOf({ size }: File, limit: number | null): ApiError | null {
  if (size === 0) return new ApiError({ message: 'The file is empty.', key: 'upload_empty', path: 'uploads/' });
  if (limit !== null && size > limit) return new ApiError({ message: 'The file is too large.', key: 'upload_too_large', path: 'uploads/' });
  return null;
}

function mayRetry(error: DetailedError): boolean {
  const status = error.originalResponse?.getStatus() ?? 0;
  // 507 is a full disk: what is to be done about it takes longer than any of our waits.
  return status === 0 || status === 409 || status === 423 || (status >= 500 && status !== 507);
}

/** As an error of any other call, with the words the server had for it. */
function asApiFault(error: Error | DetailedError): ApiError {
  const response = 'originalResponse' in error ? error.originalResponse : null;
  if (!response) return new ApiError({ message: 'The server cannot be reached.', key: 'unreachable', path: 'uploads/' });
  const { code = 0, data } = parsed(response.getBody());
  const status = response.getStatus();
  return new ApiError({
    message: data?.message ?? `HTTP ${status}`,
    help: data?.help ?? '',
    // The only thing here that is counted is files of which a part has arrived.
    key: status === 429 ? 'upload_too_many' : (data?.key ?? (status >= 502 ? 'service_away' : 'bad_reply')),
    status,
    code,
    path: 'uploads/',
  });
}

function parsed(body: string): { code?: number; data?: { message?: string; help?: string; key?: string } } {
  try {
    return (JSON.parse(body) as object | null) ?? {};
  } catch {
    return {};
  }
}
