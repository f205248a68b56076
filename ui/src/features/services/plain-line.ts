/** A line of a log as people read it: our own programs write JSON, the others what they like. */
export function plainLine(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { timestamp, level, event, service: _service, module: _module, ...facts } = JSON.parse(line) as Record<string, unknown>;
    if (typeof event !== 'string') return line;
    const rest = Object.entries(facts).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    const at = typeof timestamp === 'string' ? timestamp.slice(0, 19).replace('T', ' ') : '';
    return [at, level, event, ...rest].filter(Boolean).join('  ');
  } catch {
    return line;
  }
}
