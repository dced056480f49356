import { route } from '../router';
import { lazy, useAhead } from '../shell/lazy';
import { FrontPage } from './FrontPage';

// The front page is what a newcomer sees first: it does not wait for the code that renders Markdown.
const ArticlePage = lazy(() => import('./ArticlePage'), 'article');
const ArticleEditor = lazy(() => import('./ArticleEditor'), 'article');
const next = [ArticlePage];

/** Everything under #/news: the front page, an article by its naddr, and the editor (`write?article=<naddr>` corrects). */
export default function NewsArea() {
  useAhead(next);
  const what = route.value.parts[1];
  if (what === undefined) return <FrontPage />;
  return what === 'write' ? <ArticleEditor /> : <ArticlePage />;
}
