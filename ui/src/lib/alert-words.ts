import type { TFunction } from 'i18next';
import type { Alert, Incident } from './monitor-types';

/** What an alert says and what to do, in the page's language; the server's own words where the page has none. Needs the words `home` and `incidents`. */
export function alertWords({ message: { key, params }, text, help }: Pick<Alert, 'message' | 'text' | 'help'>, t: TFunction): { text: string; help: string } {
  const word = (part: 'text' | 'help', otherwise: string) => t(`alertRules.${key}.${part}` as 'alertRules.disk_low.text', { ...params, defaultValue: otherwise });
  return { text: word('text', text), help: word('help', help) };
}

/** The name of a rule, for lists. */
export function ruleName(rule: string, t: TFunction): string {
  return t(`alertRules.${rule}.name` as 'alertRules.disk_low.name', { defaultValue: rule.replaceAll('_', ' ') });
}

/** What has happened, in one sentence. */
export function incidentText({ key, params }: Incident, t: TFunction): string {
  if (key === 'alert_firing') return alertWords({ message: { key: String(params.rule), params }, text: String(params.text), help: '' }, t).text;
  if (key === 'alert_cleared') return t('incidents.cleared', { what: ruleName(String(params.rule), t) });
  return t(`incidents.${key}` as 'incidents.stream_published', { ...params, defaultValue: key.replaceAll('_', ' ') });
}
