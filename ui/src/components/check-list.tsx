import { Icon, type IconName } from './icons';
import classes from './check-list.module.css';

export interface Finding {
  id: string;
  /** `ok`, `warn` or `fail`. */
  level: string;
  /** In front of what was found. */
  title?: string;
  message: string;
  help: string;
}

const ICONS: Record<string, IconName> = { ok: 'check', warn: 'warn', fail: 'error' };

/** What was looked at, what was found, and what to do about it. `words` says each level for who cannot see colours. */
export function CheckList({ label, items, words }: { label: string; items: Finding[]; words: (level: string) => string }) {
  return (
    <ul className={classes.list} aria-label={label}>
      {items.map(({ id, level, title, message, help }) => (
        <li key={id} className={classes.item} data-level={level}>
          <span className={classes.icon} role="img" aria-label={words(level)}>
            <Icon name={ICONS[level] ?? 'info'} size={17} />
          </span>
          <div className={classes.words}>
            {title && <strong className={classes.title}>{title}</strong>}
            <p>{message}</p>
            {level !== 'ok' && help && <p className={classes.help}>{help}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}
