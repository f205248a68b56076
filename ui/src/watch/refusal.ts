import { say, type Word } from './words';

export interface Refusal {
  title: string;
  help: string;
  /** The passphrase may let in. */
  askPhrase: boolean;
  /** The pass shown is worth nothing any more. */
  passSpent: boolean;
  /** It may pass by itself: ask again. Else only the viewer asks, by a button. */
  passesByItself: boolean;
}

const WORDS: Record<string, [Word, Word]> = {
  pass_missing: ['passTitle', 'passHelp'],
  pass_expired: ['passExpired', 'passRenew'],
  pass_revoked: ['passRevoked', 'passRenew'],
  phrase_changed: ['phraseChanged', 'passHelp'],
  pass_in_use: ['passInUse', 'passInUseHelp'],
  webhook_refused: ['refused', 'refusedHelp'],
  webhook_failed: ['undecided', 'undecidedHelp'],
  viewer_blocked: ['kicked', 'kickedHelp'],
  store_emptied: ['closed', 'closedHelp'],
};
const WRONG_LINK: [Word, Word] = ['passInvalid', 'passRenew'];
const NOT_ALLOWED: [Word, Word] = ['refused', 'refusedHelp'];

/** Put into words why `access` is refused; `reason` is the key of the API. */
export function refusalOf(access: string, reason: string): Refusal {
  const aboutPass = /^(pass|phrase)_/.test(reason) && reason !== 'pass_in_use';
  const [title, help] = WORDS[reason] ?? (aboutPass ? WRONG_LINK : NOT_ALLOWED);
  return {
    title: say(title),
    help: say(help),
    askPhrase: access === 'pass' && aboutPass,
    passSpent: aboutPass && reason !== 'pass_missing',
    passesByItself: aboutPass || reason === 'pass_in_use' || reason === 'store_emptied',
  };
}
