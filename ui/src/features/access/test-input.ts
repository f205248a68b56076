/** What was pasted into the tester: an address, a pass alone, or nothing. */
export function asTestInput(typed: string): { link?: string; pass?: string } {
  const text = typed.trim();
  if (text === '') return {};
  return /^[a-z]+:\/\//i.test(text) || text.startsWith('/') ? { link: text } : { pass: text.replace(/^\??pass=/, '') };
}
