import { Code } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** One direction of a delivery, as it went over the wire; JSON is set out to be read. */
export function Exchange({ title, text }: { title: string; text: string }) {
  const { t } = useTranslation();
  return (
    <section>
      <h3 style={{ margin: '0 0 6px', fontSize: 14, fontWeight: 600 }}>{title}</h3>
      {text === '' ? (
        <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('webhooks.delivery.noReply')}</p>
      ) : (
        // It scrolls, so the keyboard must reach it.
        <Code block tabIndex={0} aria-label={title} role="region" style={{ maxHeight: 320, overflow: 'auto' }}>
          {readable(text)}
        </Code>
      )}
    </section>
  );
}

function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
