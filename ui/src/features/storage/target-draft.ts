import type { StoragePreset, StorageTarget } from '../../lib/recording-types';

/** What the operator chooses of a target. Keys are written only: empty leaves those that are stored. */
export interface TargetDraft {
  label: string;
  provider: string;
  endpoint: string;
  region: string;
  bucket: string;
  prefix: string;
  access_key: string;
  secret_key: string;
  path_style: boolean;
  storage_class: string;
  acl: string;
  public_url: string;
  delivery: 'through' | 'redirect';
}

const EMPTY: TargetDraft = {
  label: '',
  provider: '',
  endpoint: '',
  region: '',
  bucket: '',
  prefix: '',
  access_key: '',
  secret_key: '',
  path_style: false,
  storage_class: '',
  acl: '',
  public_url: '',
  delivery: 'through',
};

export function draftOf(target: StorageTarget): TargetDraft {
  const { label, provider, endpoint, region, bucket, prefix, path_style, storage_class, acl, public_url, delivery } = target;
  return { ...EMPTY, label, provider, endpoint, region, bucket, prefix, path_style, storage_class, acl, public_url, delivery };
}

export function newDraft(presets: StoragePreset[]): TargetDraft {
  const first = presets[0];
  return first ? withPreset(EMPTY, first) : EMPTY;
}

/** The draft at another provider: what belongs to the former one goes. */
export function withPreset(draft: TargetDraft, preset: StoragePreset): TargetDraft {
  const region = preset.regions.includes(draft.region) ? draft.region : (preset.regions[0] ?? '');
  return {
    ...draft,
    provider: preset.provider,
    region,
    endpoint: endpointIn(preset, region),
    path_style: preset.path_style,
    storage_class: '',
    acl: '',
  };
}

/** The draft in another region; the endpoint goes with it unless it was written by hand. */
export function withRegion(draft: TargetDraft, region: string, preset: StoragePreset | undefined): TargetDraft {
  const own = !preset || draft.endpoint !== endpointIn(preset, draft.region);
  return { ...draft, region, endpoint: own ? draft.endpoint : endpointIn(preset, region) };
}

function endpointIn({ endpoint_form }: StoragePreset, region: string): string {
  // What else is in braces only the operator knows, as the account at Cloudflare.
  return endpoint_form.replaceAll('{region}', region);
}

export type DraftFault = 'missing' | 'endpoint' | 'placeholder' | 'url';

/** What is wrong with each field; keys may be left empty where some are stored. */
export function faultsOf(draft: TargetDraft, keysStored: boolean): Partial<Record<keyof TargetDraft, DraftFault>> {
  const faults: Partial<Record<keyof TargetDraft, DraftFault>> = {};
  const need = (name: 'label' | 'bucket' | 'endpoint' | 'access_key' | 'secret_key') => {
    if (draft[name].trim() === '') faults[name] = 'missing';
  };
  need('label');
  need('bucket');
  if (!keysStored || draft.access_key !== '' || draft.secret_key !== '') {
    need('access_key');
    need('secret_key');
  }
  need('endpoint');
  if (/[{}<>]/.test(draft.endpoint)) faults.endpoint = 'placeholder';
  else if (draft.endpoint !== '' && !/^https?:\/\/[^\s/]+/i.test(draft.endpoint.trim())) faults.endpoint = 'endpoint';
  if (draft.public_url !== '' && !/^https?:\/\/[^\s/]+/i.test(draft.public_url.trim())) faults.public_url = 'url';
  return faults;
}

/** As it is sent: trimmed, and without keys that were not written. */
export function toSend(draft: TargetDraft): Partial<TargetDraft> {
  const { access_key, secret_key, ...rest } = draft;
  const trimmed = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, typeof value === 'string' ? value.trim() : value]));
  return { ...trimmed, ...(access_key.trim() && { access_key: access_key.trim(), secret_key: secret_key.trim() }) };
}
