import { expect, test } from 'vitest';
import { playRule } from '../../testing/samples';
import { changeOf, draftOf, faultOf } from './rule-draft';

test('an inherited rule is shown as such, whatever it says', () => {
  expect(draftOf(playRule({ inherited: true, kind: 'webhook' })).kind).toBe('inherit');
  expect(draftOf(playRule({ kind: 'webhook' })).kind).toBe('webhook');
});

test.each([
  [{ kind: 'public' as const, passphrase: 'typed before', webhookUrl: 'x' }, { kind: 'public' }],
  [{ kind: 'inherit' as const }, { kind: 'inherit' }],
  [{ kind: 'pass' as const }, { kind: 'pass' }],
  [{ kind: 'pass' as const, passphrase: 'open sesame' }, { kind: 'pass', passphrase: 'open sesame' }],
  [{ kind: 'webhook' as const, webhookUrl: 'https://me' }, { kind: 'webhook', webhook_url: 'https://me', allow_private: false }],
  [
    { kind: 'webhook' as const, webhookUrl: 'https://me', webhookSecret: 's', allowPrivate: true },
    { kind: 'webhook', webhook_url: 'https://me', webhook_secret: 's', allow_private: true },
  ],
])('%j sends %j: nothing of another kind, no secret that was not typed', (draft, change) => {
  expect(changeOf({ ...draftOf(playRule()), ...draft })).toEqual(change);
});

test.each([
  [{ kind: 'pass' as const, passphrase: 'short' }, 'phrase'],
  [{ kind: 'pass' as const, passphrase: '' }, null],
  [{ kind: 'public' as const, passphrase: 'abc' }, null],
  [{ kind: 'webhook' as const, webhookUrl: '' }, 'url'],
  [{ kind: 'webhook' as const, webhookUrl: 'ftp://me' }, 'url'],
  [{ kind: 'webhook' as const, webhookUrl: 'http://me/ask' }, null],
])('%j has the fault %j', (draft, fault) => {
  expect(faultOf({ ...draftOf(playRule()), ...draft })).toBe(fault);
});
