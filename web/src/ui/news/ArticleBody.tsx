import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { directionOf } from '../direction';
import { renderMarkdown } from './markdown';
import './news.css';

export interface ArticleBodyProps {
  title: string;
  /** Markdown without HTML. */
  content: string;
  /** Local URL. */
  image?: string;
  language?: string;
  /** Stands between the headline and the text: who wrote it, and when. */
  children?: ComponentChildren;
}

/** An article as it is read; the editor's preview shows the same. A lead picture that the text holds too comes once. */
export function ArticleBody({ title, content, image, language, children }: ArticleBodyProps) {
  const html = useMemo(() => renderMarkdown(content), [content]);
  const [broken, setBroken] = useState('');
  return (
    <article class="article" lang={language} dir={directionOf(language)}>
      <h2 class="article__title">{title}</h2>
      {children}
      {image && broken !== image && !html.includes(image) && (
        <img class="article__picture" src={image} alt="" decoding="async" onError={() => setBroken(image)} />
      )}
      {/* renderMarkdown makes every tag in here itself. */}
      <div class="prose" dangerouslySetInnerHTML={{ __html: html }} />
    </article>
  );
}
