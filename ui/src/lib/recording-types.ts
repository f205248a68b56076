/** Shapes of what records, keeps and stores: the recordings' part of the API. */

import type { components } from './schema.gen';

type Schemas = components['schemas'];

/** What went wrong, with words for who has none of its own for the key. */
export type Problem = Schemas['Problem'];
export type Hole = Schemas['HoleOut'];
export type Recording = Schemas['RecordingOut'];
export type RecordingPage = Schemas['RecordingPage'];
export type RecordingState = Recording['state'];
export type UploadState = Recording['upload'];
export type LibrarySummary = Schemas['Summary'];
export type StreamCount = Schemas['StreamCount'];
export type NotDeleted = Schemas['NotDeleted'];
/** A part of a recording that becomes one of its own. */
export type Clip = Omit<Schemas['MakeClip'], 'token' | 'title'> & { title?: string };

export type RecordRules = Schemas['Rules'];

/** Why a stream is recorded, or is not. */
export type RecordWhy = 'off' | 'all' | 'glob' | 'stream' | 'manual' | 'schedule' | 'dvr' | 'vod' | 'disk';
export type StreamRecording = Omit<Schemas['StreamRecording'], 'why'> & { why: RecordWhy };
export type RecordMode = StreamRecording['mode'];
/** Days begin with 0, Monday; `HH:MM` in `zone`; an end before the start is on the next day. */
export type Schedule = Schemas['ScheduleOut'];
export type ScheduleDraft = Omit<Schedule, 'id' | 'next_ms'>;

/** Days and sizes: 0 is for ever, or no limit. */
export type Retention = Schemas['RetentionOut'];
/** Of one stream; what is not there is as for all. */
export type StreamRetention = Schemas['StreamDaysOut'];
export type Disk = Schemas['Disk'];

export type StorageTarget = Schemas['Storage'];
/** What is known of a provider beforehand; `endpoint_form` holds `{region}` where the region goes. */
export type StoragePreset = Schemas['StoragePreset'];
export type StorageTargets = Schemas['StorageTargets'];
export type StorageTestStep = Schemas['StorageTestStep'];
export type StorageTest = Schemas['StorageTest'];
/** One recording on its way into a bucket. */
export type StorageUpload = Schemas['UploadOut'];
export type StorageUploads = Schemas['UploadPage'];
export type StorageSettings = Schemas['SettingsOut'];

/** What the server has of a file that did not come to its end. */
export type UnfinishedUpload = Schemas['Unfinished'];
