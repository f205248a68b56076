import { apiGet } from '../lib/api-client';
import { asApiError } from '../lib/api-error';
import type { VodFacts } from '../lib/api-types';
import { startPlaying } from '../lib/playback/recorded';
import { Passes } from '../watch/passes';
import { phraseForm } from '../watch/phrase-form';
import { refusalOf } from './refusal';
import { fetchCues } from './sprite';
import type { View } from './view';
import { say } from './words';

const APP = 'vod';
const ASK_AGAIN_MS = 2_500;
/** A picture that held so long before it broke off is worth another try at once. */
const HELD_MS = 10_000;

/** Asks whether this viewer may see the recording, and plays it when told to. */
export class Viewer {
  private readonly passes: Passes;
  private facts: VodFacts | null = null;
  private stop: (() => void) | null = null;
  private startedAt = 0;
  private pictures = '';

  constructor(
    private readonly id: string,
    private readonly view: View,
    /** Where to begin, s. */
    private at = 0,
    search = location.search,
  ) {
    this.passes = new Passes(APP, id, search);
  }

  start(): void {
    this.view.showMessage(say('connecting'));
    void this.ask(false);
  }

  /** Begin, or go on. */
  play(): void {
    if (this.stop) {
      void this.view.video.play().catch(() => undefined);
      return;
    }
    if (!this.facts) return;
    this.startedAt = Date.now();
    this.stop = startPlaying(this.view.video, this.facts, this.at, (status) => void this.broken(status));
  }

  /** Begin there, once told to play. */
  beginAt(seconds: number): void {
    this.at = seconds;
  }

  /** Find out what may be watched, and show it; `go`: the viewer has asked for the picture already. */
  private async ask(go: boolean): Promise<void> {
    const pass = this.passes.current;
    let facts: VodFacts;
    try {
      facts = await apiGet<VodFacts>(`vod/${this.id}${pass && `?pass=${encodeURIComponent(pass)}`}`);
    } catch (error) {
      const { key } = asApiError(error);
      if (key === 'store_emptied') return this.refuse(key);
      this.view.showMessage(say('unreachable'));
      setTimeout(() => void this.ask(go), ASK_AGAIN_MS);
      return;
    }
    this.facts = facts;
    if (!facts.allowed) return this.refuse(facts.reason ?? 'pass_missing');
    if (!facts.playlist && !facts.mp4) return this.refuse('recording_file_missing');
    this.view.showPicture({
      title: facts.title || facts.stream || say('recording'),
      recording: facts.recording,
      poster: facts.poster ?? null,
      mp4: facts.mp4 ?? null,
      seconds: facts.duration_ms / 1000,
    });
    if (facts.sprite && facts.sprite_map && this.pictures !== facts.sprite_map) void this.fetchPictures(facts.sprite, facts.sprite_map);
    if (go) this.play();
  }

  private async fetchPictures(sheet: string, map: string): Promise<void> {
    this.pictures = map;
    this.view.usePictures(sheet, await fetchCues(map));
  }

  private end(): void {
    this.at = this.view.video.currentTime || this.at;
    this.stop?.();
    this.stop = null;
  }

  /** The picture broke off, or never came: the door says why, and what held for a while is begun again. */
  private async broken(status: number): Promise<void> {
    const held = Date.now() - this.startedAt > HELD_MS;
    const door = this.facts?.playlist ?? this.facts?.mp4 ?? '';
    this.end();
    this.view.showMessage(say('connecting'));
    const reason = await whyNot(door);
    if (reason === 'unreachable') {
      setTimeout(() => void this.ask(true), ASK_AGAIN_MS);
    } else if (reason !== '') {
      this.refuse(reason);
    } else if (held || status === 403) {
      // The session was over, as after a long pause: the door opens another one.
      setTimeout(() => void this.ask(true), held ? 0 : ASK_AGAIN_MS);
    } else {
      this.view.showRefusal(say('cannotPlay'), say('cannotPlayHelp'), () => this.again());
    }
  }

  private refuse(reason: string): void {
    this.end();
    const refusal = refusalOf(reason, this.facts?.passphrase ?? false);
    if (refusal.passSpent && this.passes.drop()) return void this.ask(false);
    const form = refusal.askPhrase ? phraseForm(APP, this.id, (pass) => this.enter(pass)) : () => this.again();
    this.view.showRefusal(refusal.title, refusal.help, reason === 'recording_unknown' ? null : form);
  }

  private enter(pass: string): void {
    this.passes.keep(pass);
    this.again();
  }

  private again(): void {
    this.view.showMessage(say('connecting'));
    void this.ask(false);
  }
}

/** Ask the door of the files why it lets nobody in; empty when it does, `unreachable` when nobody answers. */
async function whyNot(door: string): Promise<string> {
  try {
    // HEAD lets nobody in and counts as no visit, but only a whole answer names the reason.
    if ((await fetch(door, { method: 'HEAD', cache: 'no-store' })).ok) return '';
    const { data } = (await (await fetch(door, { cache: 'no-store' })).json()) as { data?: { key?: string } };
    return data?.key === 'upstream' ? 'unreachable' : (data?.key ?? '');
  } catch {
    return 'unreachable';
  }
}
