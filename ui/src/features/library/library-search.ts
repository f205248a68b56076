import type { Recording, RecordingState } from '../../lib/recording-types';

export const SORTS = {
  newest: { sort: 'started', order: 'desc' },
  oldest: { sort: 'started', order: 'asc' },
  longest: { sort: 'duration', order: 'desc' },
  largest: { sort: 'size', order: 'desc' },
  title: { sort: 'title', order: 'asc' },
} as const;

export type SortName = keyof typeof SORTS;

/** What the library shows, as it stands in the address of the page. */
export interface LibrarySearch {
  q?: string | undefined;
  /** `app/stream`. */
  stream?: string | undefined;
  state?: RecordingState | undefined;
  kind?: Recording['kind'] | undefined;
  where?: 'local' | 'bucket' | undefined;
  keep?: boolean | undefined;
  tag?: string | undefined;
  sort?: SortName | undefined;
}

/** The same as the API asks for it. */
export interface RecordingsBody {
  search?: string;
  app?: string;
  stream?: string;
  state?: RecordingState;
  kind?: Recording['kind'];
  where?: 'local' | 'bucket';
  keep?: true;
  tag?: string;
  sort: 'started' | 'duration' | 'size' | 'title';
  order: 'asc' | 'desc';
}

const STATES = ['recording', 'finishing', 'ready', 'failed', 'deleting'] as const;
const KINDS = ['live', 'clip', 'upload', 'import'] as const;
const PLACES = ['local', 'bucket'] as const;

/** What to ask for; whatever somebody wrote into the address, nothing that the API would refuse. */
export function bodyOf(search: LibrarySearch): RecordingsBody {
  const q = text(search.q, 200);
  const tag = text(search.tag, 50);
  const [, app, stream] = /^([^/]+)\/([^/]+)$/.exec(text(search.stream, 200)) ?? [];
  const state = STATES.find((one) => one === search.state);
  const kind = KINDS.find((one) => one === search.kind);
  const where = PLACES.find((one) => one === search.where);
  return {
    ...(q && { search: q }),
    ...(tag && { tag }),
    ...(app && stream && { app, stream }),
    ...(state && { state }),
    ...(kind && { kind }),
    ...(where && { where }),
    ...(search.keep === true && { keep: true as const }),
    ...SORTS[sortOf(search)],
  };
}

export function sortOf({ sort }: LibrarySearch): SortName {
  return sort !== undefined && Object.hasOwn(SORTS, sort) ? sort : 'newest';
}

/** Something is left out of what is shown. */
export function isNarrowed(search: LibrarySearch): boolean {
  return Object.keys(bodyOf(search)).length > 2;
}

// A number in the address is read as one.
function text(value: unknown, most: number): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim().slice(0, most) : '';
}
