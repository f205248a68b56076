/** How a domain is proved without port 80. */
export interface DnsWay {
  plugin: 'cloudflare' | 'rfc2136';
  credentials: Record<string, string>;
}

export interface DomainDraft {
  domains: string;
  email: string;
  challenge: 'http' | 'cloudflare' | 'rfc2136';
  credentials: Record<string, string>;
}

/** What a plug-in has to be told; a star: it can be left out. */
export const DNS_FIELDS = {
  cloudflare: ['api_token'],
  rfc2136: ['server', 'port*', 'name', 'secret', 'algorithm*'],
} as const;

export const SECRET_FIELDS = new Set(['api_token', 'secret']);

/** Names as they were typed, however they were parted. */
export function splitDomains(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).map((one) => one.trim().toLowerCase().replace(/^https?:\/\//, '').replace(/\/.*$/, '')))].filter(Boolean);
}

const NAME = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/;

/** What is wrong with a draft, as keys of `https.form.faults`. `kept`: empty secrets mean those given before. */
export function faultsOf({ domains, email, challenge, credentials }: DomainDraft, kept: boolean): { domains?: string; email?: string; credentials?: string } {
  const names = splitDomains(domains);
  const wildcard = names.some((name) => name.startsWith('*.'));
  const address = names.some((name) => /^[\d.]+$/.test(name));
  const wanted = challenge === 'http' ? [] : DNS_FIELDS[challenge].filter((field) => !field.endsWith('*'));
  const empty = wanted.some((field) => !credentials[field]?.trim());
  return {
    ...(names.length === 0
      ? { domains: 'missing' }
      : address
        ? { domains: 'address' }
        : names.some((name) => !isName(name))
          ? { domains: 'form' }
          : wildcard && challenge === 'http' && { domains: 'wildcard' }),
    ...(email.trim() !== '' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email.trim()) && { email: 'form' }),
    ...(empty && !(kept && wanted.every((field) => !credentials[field]?.trim())) && { credentials: 'missing' }),
  };
}

// A name with other letters than those of English is turned by the server.
function isName(name: string): boolean {
  return NAME.test(name) || (/[^\x20-\x7e]/.test(name) && name.includes('.'));
}

/** As the server takes it. */
export function toRequest({ domains, email, challenge, credentials }: DomainDraft): { domain: string; email: string; dns: DnsWay | null } {
  const given = Object.fromEntries(Object.entries(credentials).flatMap(([name, value]) => (value.trim() ? [[name, value.trim()]] : [])));
  return {
    domain: splitDomains(domains).join(' '),
    email: email.trim(),
    dns: challenge === 'http' ? null : { plugin: challenge, credentials: given },
  };
}
