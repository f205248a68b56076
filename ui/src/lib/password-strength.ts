export const SHORTEST_PASSWORD = 8;

export type Strength = 'short' | 'weak' | 'fair' | 'strong';

/** A hint, not a rule: only the length is enforced. Long beats complicated. */
export function passwordStrength(password: string): Strength {
  if (password.length < SHORTEST_PASSWORD) return 'short';
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].filter((kind) => kind.test(password)).length;
  const different = new Set(password).size;
  if (different < 5) return 'weak';
  if (password.length >= 16 || (password.length >= 12 && kinds >= 2)) return 'strong';
  return password.length >= 10 || kinds >= 3 ? 'fair' : 'weak';
}
