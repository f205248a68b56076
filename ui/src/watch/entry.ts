/**
 * Ask the door of the stream itself why it lets nobody in: it knows what the page's question does
 * not, such as what the owner's server says. Returns the key of the refusal; empty when there is none.
 */
export async function whyRefused(hls: string): Promise<string> {
  try {
    // HEAD lets nobody in and counts as no visit, but only a whole answer names the reason.
    if ((await fetch(hls, { method: 'HEAD', cache: 'no-store' })).status !== 403) return '';
    const { data } = (await (await fetch(hls, { cache: 'no-store' })).json()) as { data?: { key?: string } };
    return data?.key ?? '';
  } catch {
    return '';
  }
}
