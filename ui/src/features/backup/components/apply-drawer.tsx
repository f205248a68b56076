import { Button, Drawer, Group, Stack, Textarea } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { besidesPassword, OperatorPassword } from '../../../components/operator-password';
import type { ConfigChanges } from '../../../lib/house-types';
import { useApplyConfig } from '../api/use-backup';
import classes from './apply-drawer.module.css';

/** Settings from a file: what they would change is shown before it is done. */
export function ApplyDrawer({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const preview = useApplyConfig();
  const apply = useApplyConfig();
  const file = useRef<HTMLInputElement>(null);
  const [yaml, setYaml] = useState('');
  const [password, setPassword] = useState('');
  const edit = (text: string) => {
    setYaml(text);
    preview.reset();
    apply.reset();
  };
  const found = preview.data;
  const able = found !== undefined && found.problems.length === 0 && found.changes.length > 0;
  return (
    <Drawer opened size="lg" onClose={onClose} title={t('backup.config.applyTitle')} closeOnClickOutside={false} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack>
        <Textarea
          label={t('backup.config.yaml')}
          description={t('backup.config.yamlHint')}
          rows={12}
          spellCheck={false}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
          value={yaml}
          onChange={(event) => edit(event.currentTarget.value)}
        />
        <Group>
          <Button variant="default" onClick={() => file.current?.click()}>
            {t('backup.config.file')}
          </Button>
          <Button variant="default" disabled={yaml.trim() === ''} loading={preview.isPending} onClick={() => preview.mutate({ yaml, dry_run: true })}>
            {t('backup.config.preview')}
          </Button>
        </Group>
        <input
          ref={file}
          type="file"
          hidden
          aria-label={t('backup.config.yaml')}
          accept=".yaml,.yml,text/yaml"
          onChange={(event) => {
            const [chosen] = event.currentTarget.files ?? [];
            if (chosen) void chosen.text().then(edit);
          }}
        />
        {preview.error && <HelpfulError error={preview.error} />}
        {found && !apply.isSuccess && <Changes found={found} />}
        {able && !apply.isSuccess && <OperatorPassword value={password} onChange={setPassword} error={apply.error} />}
        {besidesPassword(apply.error) != null && <HelpfulError error={apply.error} />}
        {apply.isSuccess && (
          <Notice tone={apply.data.problems.length > 0 ? 'warn' : 'ok'} role="status" title={t('backup.config.applied')}>
            {apply.data.problems.map((problem) => (
              <p key={problem}>{problem}</p>
            ))}
          </Notice>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t(apply.isSuccess ? 'common.close' : 'common.cancel')}
          </Button>
          {!apply.isSuccess && (
            <Button disabled={!able} loading={apply.isPending} onClick={() => apply.mutate({ yaml, dry_run: false, password })}>
              {t('backup.config.apply', { count: found?.changes.length ?? 0 })}
            </Button>
          )}
        </Group>
      </Stack>
    </Drawer>
  );
}

function Changes({ found: { changes, problems } }: { found: ConfigChanges }) {
  const { t } = useTranslation();
  return (
    <>
      {problems.length > 0 && (
        <Notice tone="error" role="alert" title={t('backup.config.problems')}>
          <ul style={{ margin: '4px 0 0', paddingLeft: 18 }}>
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </Notice>
      )}
      {changes.length === 0 && problems.length === 0 && <Notice tone="ok">{t('backup.config.same')}</Notice>}
      {changes.length > 0 && (
        <ul className={classes.changes} aria-label={t('backup.config.changes')}>
          {changes.map(({ section, what, before, after }) => (
            <li key={`${section}.${what}`} className={classes.change}>
              <strong>
                {section} · {what}
              </strong>
              {before !== '' && <del>{before}</del>}
              {after !== '' && <ins>{after}</ins>}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
