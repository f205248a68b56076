/**
 * Does a pattern of the server match a stream (`app/stream`)? `*` is any run of characters, also
 * across a slash, `?` is one, `[a-c]` and `[!a-c]` are sets; a leading slash may be left out.
 */
export function globMatches(glob: string, url: string): boolean {
  const pattern = glob.startsWith('/') ? glob : `/${glob}`;
  return toRegExp(pattern)?.test(`/${url}`) ?? false;
}

function toRegExp(glob: string): RegExp | null {
  let source = '';
  let at = 0;
  while (at < glob.length) {
    const char = glob[at] ?? '';
    at += 1;
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (char === '[') {
      const end = setEnd(glob, at);
      if (end < 0) source += '\\[';
      else {
        source += set(glob.slice(at, end));
        at = end + 1;
      }
    } else source += char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    // A range the wrong way round matches nothing.
    return null;
  }
}

/** Where the `]` is that closes a set; one that comes first is a member. */
function setEnd(glob: string, from: number): number {
  const first = glob[from] === '!' ? from + 1 : from;
  return glob.indexOf(']', glob[first] === ']' ? first + 1 : first);
}

function set(members: string): string {
  const escaped = members.replace(/[\\[\]^]/g, '\\$&');
  return members.startsWith('!') ? `[^${escaped.slice(1)}]` : `[${escaped}]`;
}

/** Patterns as they are written, one a line. */
export function readGlobs(text: string): string[] {
  return [...new Set(text.split('\n').map((line) => line.trim()).filter(Boolean))];
}
