/** Shapes of outputs, programmes, channels and transcodes: the part of the API below `ffmpeg/`. */

import type { components } from './schema.gen';

type Schemas = components['schemas'];

export type { Problem } from './recording-types';

/** What a stream is made of, as far as it is known: empty words and zeros are not. */
export type Media = Schemas['MediaFacts'];
/** Days begin with 0, Monday; `HH:MM` in `zone`; an end before the start is on the next day. */
export type AirTimes = Schemas['AirTimes'];

export type Output = Schemas['Output'];
export type OutputState = Output['state'];
export type OutputSource = Output['source'];
/** A platform that outputs are known to work with. */
export type OutputPreset = Schemas['OutputPreset'];
export type Outputs = Schemas['Outputs'];
export type OutputLog = Schemas['OutputLog'];
export type OutputTest = Schemas['OutputTest'];

export type Programme = Schemas['ProgrammeView'];
export type ProgrammeSource = Programme['sources'][number];
export type ProgrammeSourceState = Programme['source_states'][number];
export type Slate = Programme['slate'];
export type HouseFormat = Programme['normalise'];
/** As it is changed: only what is given. */
export type ProgrammeChange = Partial<Omit<Schemas['ProgrammeUpdate'], 'token' | 'id'>>;

export type Channel = Schemas['Channel'];
export type ChannelState = Channel['state'];
/** One file or address that a channel plays; `target` is masked where it is an address. */
export type ChannelItem = Schemas['ChannelItem'];
/** A file on the server's disk that may be played; `path` begins with its folder. */
export type ServerFile = Schemas['ServerFile'];
export type ServerFiles = Schemas['ServerFiles'];
/** What is known of a file or an address after looking into it. */
export type SourceProbe = Schemas['ChannelProbe'];
export type ChannelLimits = Schemas['ChannelLimits'];

export type Transcode = Schemas['Transcode'];
export type TranscodeState = Transcode['state'];
/** One form of a stream in a ladder; it is published as `<stream>_<name>`. */
export type Rendition = Schemas['Rendition'];
export type Transcodes = Schemas['Transcodes'];
export type Machine = Transcodes['machine'];
/** Percent of all cores together. */
export type LadderEstimate = Schemas['TranscodeEstimate'];

/** A picture or clip of the operator's own, to be shown as slate. */
export type SlateFile = Schemas['SlateFile'];
export type SlateFiles = Schemas['SlateFileList'];
