import { useEffect } from 'preact/hooks';
import { hasText, language, languages } from '../../state/i18n';
import { session, sessionLoad } from '../../state/session';
import { Live, Skeleton } from '../kit';
import { link, navigate, route } from '../router';
import { Welcome } from '../welcome/Welcome';
import { ClockNotice } from './ClockNotice';
import { Connection } from './Connection';
import { Doors } from './Doors';
import { lazy, type LazyPage, useAhead } from './lazy';
import { NoTexts } from './NoTexts';
import { LoginNeeded, NotFound } from './Places';
import { Skip } from './Skip';
import './App.css';

interface Place {
  page: LazyPage;
  /** Only for people with an account; others are told how to get one. */
  account?: boolean;
}

const places: Record<string, Place> = {
  messages: { page: lazy(() => import('../messages/MessagesArea'), 'rows'), account: true },
  news: { page: lazy(() => import('../news/NewsArea'), 'article') },
  videos: { page: lazy(() => import('../videos/VideosArea'), 'cards') },
  people: { page: lazy(() => import('../people/PeopleArea'), 'rows') },
  more: { page: lazy(() => import('../more/MoreArea'), 'rows') },
  join: { page: lazy(() => import('../account/JoinPage'), 'rows') },
  login: { page: lazy(() => import('../account/LoginPage'), 'rows') },
  card: { page: lazy(() => import('../account/CardPage'), 'rows'), account: true },
};

const behindDoors = Object.values(places).map((place) => place.page);

export function App() {
  const code = language.value;
  useAhead(behindDoors);
  useEffect(() => {
    document.documentElement.lang = code;
    document.documentElement.dir = languages.find((l) => l.code === code)?.dir || 'ltr';
  }, [code]);
  if (!hasText('common.appName')) return <NoTexts />;
  return (
    <div class="shell">
      <Skip />
      <Doors />
      <div class="shell__body">
        <Connection />
        <ClockNotice />
        <main class="shell__main" id="content" tabIndex={-1}>
          <Here />
        </main>
      </div>
      <Live />
    </div>
  );
}

/** The page of the current route. */
function Here() {
  const name = route.value.parts[0];
  const known = session.value !== null;
  const starting = sessionLoad.value === 'starting';
  const home = name === undefined;
  useEffect(() => {
    if (home && known && !starting) navigate(link('messages'), true);
  }, [home, known, starting]);
  if (home) return starting || known ? <Skeleton /> : <Welcome />;
  const place = Object.prototype.hasOwnProperty.call(places, name) ? places[name] : undefined;
  if (!place) return <NotFound />;
  if (place.account && !known) return starting ? <Skeleton /> : <LoginNeeded />;
  return <place.page key={name} />;
}
