import { Button, Group, Loader, Modal, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CheckList } from '../../../components/check-list';
import { CopyField } from '../../../components/copy-field';
import { HelpfulError } from '../../../components/helpful-error';
import { Notice } from '../../../components/notice';
import { WizardSteps } from '../../../components/wizard-steps';
import type { Certificate } from '../../../lib/house-types';
import { problemText } from '../../../lib/problem-text';
import { jobQuery, useCheckDomains, useRequestCertificate } from '../api/use-https';
import { faultsOf, splitDomains, toRequest, type DomainDraft } from '../domain-draft';
import { CertificateJobView } from './certificate-job';
import { DomainFields } from './domain-fields';

const STEPS = ['domains', 'check', 'rehearse', 'issue', 'done'] as const;
type Step = (typeof STEPS)[number];

/** From a name to a certificate: what is checked first costs nothing, what is asked last is the real thing. */
export function HttpsWizard({ certificate, onClose }: { certificate: Certificate; onClose: () => void }) {
  const { t } = useTranslation();
  const [step, setStep] = useState<Step>('domains');
  const [draft, setDraft] = useState(() => startOf(certificate));
  const [tried, setTried] = useState(false);
  const check = useCheckDomains();
  const rehearsal = useRequestCertificate();
  const issue = useRequestCertificate();
  const kept = certificate.renewal.plugin === draft.challenge;
  const faults = faultsOf(draft, kept);
  const request = toRequest(draft);
  const warned = check.data?.items.some(({ level }) => level === 'warn') ?? false;

  const look = () => {
    setTried(true);
    if (Object.keys(faults).length > 0) return;
    setStep('check');
    check.mutate({ domain: request.domain, dns: request.dns });
  };
  const rehearse = () => {
    setStep('rehearse');
    rehearsal.mutate({ ...request, dry_run: true, ...(warned && { force: true }) });
  };
  const get = () => {
    setStep('issue');
    issue.mutate({ ...request, ...(warned && { force: true }) }, { onSuccess: () => setStep('done') });
  };
  const busy = rehearsal.isPending || issue.isPending;

  return (
    <Modal
      opened
      size="lg"
      onClose={onClose}
      title={t('https.wizard.title')}
      // What was typed must not go with a stray click.
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack gap="lg">
        <WizardSteps label={t('https.wizard.steps')} names={STEPS.map((one) => t(`https.wizard.step.${one}`))} at={STEPS.indexOf(step)} />
        {step === 'domains' && (
          <form
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              look();
            }}
          >
            <Stack>
              <DomainFields draft={draft} faults={tried ? faults : {}} kept={kept} onChange={(part) => setDraft({ ...draft, ...part })} />
              <Buttons onBack={onClose} back={t('common.cancel')}>
                <Button type="submit">{t('https.wizard.toCheck')}</Button>
              </Buttons>
            </Stack>
          </form>
        )}
        {step === 'check' && (
          <Stack>
            <p style={{ margin: 0 }}>{t('https.wizard.checkText')}</p>
            {check.isPending && <Waiting text={t('https.wizard.checking')} />}
            {check.error && <HelpfulError error={check.error} onRetry={look} />}
            {check.data && (
              <>
                <CheckList
                  label={t('https.wizard.found')}
                  items={check.data.items.map((item) => ({ ...item, ...problemText(item, t), title: item.subject }))}
                  words={(level) => t(`https.level.${level}` as 'https.level.ok', { defaultValue: level })}
                />
                {!check.data.ok && <Notice tone="error">{t('https.wizard.mustFix')}</Notice>}
                {check.data.ok && warned && <Notice tone="warn">{t('https.wizard.mayTry')}</Notice>}
              </>
            )}
            <Buttons onBack={() => setStep('domains')} back={t('https.wizard.back')}>
              <Button variant="default" loading={check.isPending} onClick={look}>
                {t('https.wizard.checkAgain')}
              </Button>
              <Button disabled={!check.data?.ok} onClick={rehearse}>
                {t('https.wizard.toRehearsal')}
              </Button>
            </Buttons>
          </Stack>
        )}
        {step === 'rehearse' && (
          <Stack>
            <p style={{ margin: 0 }}>{t('https.wizard.rehearseText')}</p>
            <Progress call={rehearsal} />
            {rehearsal.isSuccess && (
              <Notice tone="ok" role="status">
                {t('https.wizard.rehearsed')}
              </Notice>
            )}
            <Buttons onBack={() => setStep('check')} back={t('https.wizard.back')} off={busy}>
              {rehearsal.isError && (
                <Button variant="default" onClick={rehearse}>
                  {t('https.wizard.rehearseAgain')}
                </Button>
              )}
              <Button disabled={!rehearsal.isSuccess} onClick={get}>
                {t('https.wizard.get')}
              </Button>
            </Buttons>
          </Stack>
        )}
        {step === 'issue' && (
          <Stack>
            <p style={{ margin: 0 }}>{t('https.wizard.issueText')}</p>
            <Progress call={issue} />
            <Buttons onBack={() => setStep('check')} back={t('https.wizard.back')} off={busy}>
              {issue.isError && (
                <Button variant="default" onClick={get}>
                  {t('https.wizard.issueAgain')}
                </Button>
              )}
            </Buttons>
          </Stack>
        )}
        {step === 'done' && issue.data && <Done certificate={issue.data} onClose={onClose} />}
      </Stack>
    </Modal>
  );
}

function startOf({ provider, domains, renewal }: Certificate): DomainDraft {
  const known = provider === 'lets' ? domains : [];
  const plugin = renewal.plugin === 'cloudflare' || renewal.plugin === 'rfc2136' ? renewal.plugin : null;
  // The name under which the page was opened is most likely the one that is meant.
  const host = location.hostname;
  const named = /[a-z]/i.test(host) && host.includes('.') ? [host] : [];
  return { domains: (known.length > 0 ? known : named).join('\n'), email: renewal.email, challenge: plugin ?? 'http', credentials: {} };
}

/** The steps of a request that runs or has just ended. */
function Progress({ call }: { call: ReturnType<typeof useRequestCertificate> }) {
  const { t } = useTranslation();
  const { data } = useQuery(jobQuery(call.isPending));
  const job = data?.job;
  // Until the first word of it comes, the last job is still that of before.
  const shown = job && (!call.isPending || job.state === 'running') ? job : null;
  return (
    <>
      {shown ? <CertificateJobView job={shown} /> : call.isPending && <Waiting text={t('https.wizard.starting')} />}
      {call.error && shown?.state !== 'failed' && <HelpfulError error={call.error} />}
    </>
  );
}

function Done({ certificate: { domains, port }, onClose }: { certificate: Certificate; onClose: () => void }) {
  const { t } = useTranslation();
  const address = `https://${domains.find((one) => !one.startsWith('*')) ?? domains[0] ?? location.hostname}${port && port !== 443 ? `:${port}` : ''}/mgmt/`;
  return (
    <Stack>
      <Notice tone="ok" role="status" title={t('https.wizard.doneTitle')}>
        {t('https.wizard.doneText', { domains: splitDomains(domains.join(' ')).join(', ') })}
      </Notice>
      <CopyField label={t('https.wizard.address')} value={address} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t('common.close')}
        </Button>
        <Button component="a" href={address}>
          {t('https.wizard.open443')}
        </Button>
      </Group>
    </Stack>
  );
}

function Waiting({ text }: { text: string }) {
  return (
    <Group gap="sm" role="status">
      <Loader size={16} />
      {text}
    </Group>
  );
}

function Buttons({ back, off = false, onBack, children }: { back: string; off?: boolean; onBack: () => void; children: ReactNode }) {
  return (
    <Group justify="space-between">
      <Button variant="subtle" color="gray" disabled={off} onClick={onBack}>
        {back}
      </Button>
      <Group gap="sm">{children}</Group>
    </Group>
  );
}
