import { t } from '../../state/i18n';
import { node } from '../../state/node';
import { ButtonLink, Icon, Page, type IconName } from '../kit';
import { link } from '../router';
import { LanguageChoice } from '../shell/LanguageChoice';
import './Welcome.css';

const gifts: { icon: IconName; text: string }[] = [
  { icon: 'messages', text: 'account.giftMessages' },
  { icon: 'news', text: 'account.giftNews' },
  { icon: 'videos', text: 'account.giftVideos' },
];

/** The gate: what this place is, and the ways in. */
export function Welcome() {
  const name = node.value ? node.value.name : t('common.appName');
  return (
    <Page title={name} width="form">
      <div class="welcome">
        <div class="welcome__sign" aria-hidden="true">
          <Courtyard />
        </div>
        <LanguageChoice />
        <p class="welcome__lead">{t('account.welcomeLead', { name })}</p>
        <ul class="welcome__gifts" role="list">
          {gifts.map((gift) => (
            <li key={gift.icon} class="welcome__gift">
              <Icon name={gift.icon} />
              <span>{t(gift.text)}</span>
            </li>
          ))}
        </ul>
        <div class="welcome__ways">
          <ButtonLink kind="primary" wide href={link('join')}>
            {t('account.haveInvite')}
          </ButtonLink>
          <ButtonLink wide href={link('login')}>
            {t('account.login')}
          </ButtonLink>
          <ButtonLink kind="plain" wide href={link('news')}>
            {t('account.readNews')}
          </ButtonLink>
        </div>
      </div>
    </Page>
  );
}

/** A roof, a lamp, the evening: the place before a word is read. */
function Courtyard() {
  return (
    <svg viewBox="0 0 320 132" focusable="false">
      <path class="welcome__moon" d="M262 20a17 17 0 1 0 14 26 14 14 0 1 1-14-26z" />
      <path class="welcome__wall" d="M70 66h180v48H70z" />
      <path class="welcome__wood" d="M70 66v48M106 66v48M214 66v48M250 66v48M70 114h180" />
      <path class="welcome__paper" d="M114 76h40v38h-40zM166 76h40v38h-40z" />
      <path class="welcome__lattice" d="M127 76v38M140 76v38M114 88h40M114 101h40M179 76v38M192 76v38M166 88h40M166 101h40" />
      <path class="welcome__roof" d="M36 62c44-4 92-18 124-42 32 24 80 38 124 42 2 5-1 8-6 8H42c-5 0-8-3-6-8z" />
      <path class="welcome__ground" d="M20 122h280" />
    </svg>
  );
}
