import { useEffect, useRef } from 'preact/hooks';
import { unreadTotal } from '../../state/inbox';
import { node } from '../../state/node';
import { t } from '../../state/i18n';
import { announce, Badge, Icon, type IconName } from '../kit';
import { link, route } from '../router';
import './Doors.css';

const doors: IconName[] = ['messages', 'news', 'videos', 'people', 'more'];

/** The five doors: a bar at the foot of a phone, a rail at the start side from 900 px. */
export function Doors() {
  const here = route.value.parts[0];
  const unread = unreadTotal.value;
  useAnnounced(unread);
  return (
    <nav class="doors" aria-label={t('common.doors')}>
      <a class="doors__home" href="#/" aria-label={node.value ? node.value.name : t('common.appName')}>
        <Icon name="madang" size={30} />
      </a>
      <ul class="doors__list" role="list">
        {doors.map((name) => (
          <li key={name} class="doors__item">
            <a class="door" href={link(name)} aria-current={here === name ? 'page' : undefined}>
              <span class="door__sign">
                <Icon name={name} />
                {name === 'messages' && <Badge count={unread} label={t('common.unread', { count: unread })} />}
              </span>
              <span class="door__word">{t(`common.${name}`)}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

// What comes into the conversation on screen is read at once, and read out there.
const SETTLED_MS = 1000;

/** Tells those who listen that there is more to read than before. */
function useAnnounced(unread: number): void {
  const told = useRef(unread);
  useEffect(() => {
    if (unread <= told.current) {
      told.current = unread;
      return;
    }
    const timer = setTimeout(() => {
      told.current = unread;
      announce(t('common.unread', { count: unread }));
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [unread]);
}
