import type { PlayRule } from '../../lib/api-types';
import type { RuleChange, RuleKind } from './api/use-play-rule';

export const SHORTEST_PHRASE = 6;

/** The rule as the form holds it; secrets are only what was typed now. */
export interface RuleDraft {
  kind: RuleKind;
  passphrase: string;
  webhookUrl: string;
  webhookSecret: string;
  allowPrivate: boolean;
}

export function draftOf(rule: PlayRule): RuleDraft {
  return {
    kind: rule.inherited ? 'inherit' : rule.kind,
    passphrase: '',
    webhookUrl: rule.webhook_url,
    webhookSecret: '',
    allowPrivate: rule.allow_private,
  };
}

export type RuleFault = 'phrase' | 'url';

/** What is wrong with what was typed, of what the chosen kind needs. */
export function faultOf(draft: RuleDraft): RuleFault | null {
  if (draft.kind === 'pass' && draft.passphrase !== '' && draft.passphrase.length < SHORTEST_PHRASE) return 'phrase';
  if (draft.kind === 'webhook' && !/^https?:\/\/[^/]/i.test(draft.webhookUrl)) return 'url';
  return null;
}

/** What to send for a draft: only what belongs to its kind, secrets only when typed. */
export function changeOf(draft: RuleDraft): RuleChange {
  const { kind, passphrase, webhookUrl, webhookSecret, allowPrivate } = draft;
  if (kind === 'pass') return { kind, ...(passphrase && { passphrase }) };
  if (kind === 'webhook') return { kind, webhook_url: webhookUrl, allow_private: allowPrivate, ...(webhookSecret && { webhook_secret: webhookSecret }) };
  return { kind };
}
