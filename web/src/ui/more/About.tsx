import { t } from '../../state/i18n';
import { node } from '../../state/node';
import { Icon, Page } from '../kit';
import './About.css';

const kept = ['more.keptMessages', 'more.keptKey', 'more.keptNames', 'more.keptReading'];
const open = ['more.openPublic', 'more.openTimes', 'more.openPlain', 'more.openDevice', 'more.openLost'];

/** What this place is, what it protects and what it does not, in plain words. */
export function About() {
  const here = node.value;
  return (
    <Page title={t('more.about')} back="#/more" backOnPhoneOnly width="form" readable>
      <div class="stack--wide">
        <div class="stack--tight">
          <p class="about__name">
            <bdi>{here ? here.name : t('common.appName')}</bdi>
          </p>
          <p>{t('more.aboutText')}</p>
        </div>
        <Part title={t('more.kept')} sign="check" keys={kept} />
        <Part title={t('more.open')} sign="info" keys={open} />
        <dl class="about__facts">
          <dt>{t('more.address')}</dt>
          <dd>
            <bdi dir="ltr">{location.origin}</bdi>
          </dd>
          {here && (
            <>
              <dt>{t('more.version')}</dt>
              <dd>
                <bdi dir="ltr">{here.version}</bdi>
              </dd>
              <dt>{t('more.nodeKey')}</dt>
              <dd class="about__key">
                <bdi dir="ltr">{here.pubkey}</bdi>
              </dd>
            </>
          )}
        </dl>
      </div>
    </Page>
  );
}

function Part({ title, sign, keys }: { title: string; sign: 'check' | 'info'; keys: string[] }) {
  return (
    <section class="stack--tight">
      <h2 class="about__title">{title}</h2>
      <ul role="list">
        {keys.map((key) => (
          <li key={key} class={`about__line about__line--${sign}`}>
            <Icon name={sign} size={20} />
            <span>{t(key)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
