import { say, type Word } from './words';

export interface Refusal {
  title: string;
  help: string;
  /** The passphrase may let in. */
  askPhrase: boolean;
  /** The pass shown is worth nothing any more. */
  passSpent: boolean;
}

const WORDS: Record<string, [Word, Word]> = {
  pass_expired: ['passExpired', 'passRenew'],
  pass_revoked: ['passRevoked', 'passRenew'],
  phrase_changed: ['phraseChanged', 'passHelp'],
  pass_in_use: ['passInUse', 'passInUseHelp'],
  webhook_refused: ['refused', 'refusedHelp'],
  webhook_failed: ['undecided', 'undecidedHelp'],
  store_emptied: ['closed', 'closedHelp'],
  redis_unavailable: ['closed', 'closedHelp'],
  recording_unknown: ['gone', 'goneHelp'],
  recording_without_playlist: ['notReady', 'notReadyHelp'],
  recording_file_missing: ['notReady', 'notReadyHelp'],
};

/** Put into words why somebody may not watch; `reason` is the key of the API, `phrase`: there is a passphrase. */
export function refusalOf(reason: string, phrase: boolean): Refusal {
  const aboutPass = /^(pass|phrase)_/.test(reason) && reason !== 'pass_in_use';
  const missing: [Word, Word] = phrase ? ['passTitle', 'passHelp'] : ['private', 'privateHelp'];
  const other: [Word, Word] = aboutPass ? ['passInvalid', 'passRenew'] : ['refused', 'refusedHelp'];
  const [title, help] = reason === 'pass_missing' ? missing : (WORDS[reason] ?? other);
  return {
    title: say(title),
    help: say(help),
    askPhrase: aboutPass && phrase,
    passSpent: aboutPass && reason !== 'pass_missing',
  };
}
