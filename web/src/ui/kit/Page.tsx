import type { ComponentChildren, Ref } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { node } from '../../state/node';
import { t } from '../../state/i18n';
import { focusWanted, goUp, route } from '../router';
import { Icon } from './Icon';
import './Page.css';

export interface TitleBarProps {
  title: string;
  /** Shown instead of the plain title: an avatar with a name. `title` still names the page. */
  heading?: ComponentChildren;
  /** Where Back leads: the place above this one, "#/people". */
  back?: string;
  /** The arrow stays away from 900 px on, where the list stands beside. */
  backOnPhoneOnly?: boolean;
  /** The one action. */
  action?: ComponentChildren;
  /** 2 when another pane holds the page's first heading. */
  level?: 1 | 2;
}

/** The heading takes the focus after a navigation, so that a screen reader says where one is. */
export function TitleBar({ title, heading, back, backOnPhoneOnly, action, level = 1 }: TitleBarProps) {
  const ref = useRef<HTMLHeadingElement>(null);
  const first = level === 1;
  const path = route.value.path;
  const place = node.value ? node.value.name : t('common.appName');
  useEffect(() => {
    if (first) document.title = title === place ? title : `${title} · ${place}`;
  }, [first, title, place]);
  useEffect(() => {
    if (!first || !focusWanted.peek() || !ref.current) return;
    focusWanted.value = false;
    ref.current.focus({ preventScroll: true });
  }, [first, path, title]);
  const Heading = first ? 'h1' : 'h2';
  return (
    <header class="title-bar">
      {back && (
        <a
          class={`icon-button title-bar__back${backOnPhoneOnly ? ' title-bar__back--phone' : ''}`}
          href={back}
          aria-label={t('common.back')}
          title={t('common.back')}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            goUp(back);
          }}
        >
          <Icon name="back" />
        </a>
      )}
      <Heading ref={ref as Ref<HTMLHeadingElement>} class="title-bar__title" tabIndex={-1} dir="auto">
        {heading || title}
      </Heading>
      {action && <div class="title-bar__action">{action}</div>}
    </header>
  );
}

export interface PageProps extends TitleBarProps {
  children: ComponentChildren;
  /** Stands under the content and does not scroll: a composer. */
  foot?: ComponentChildren;
  /** Stands under the title and does not scroll: a search. */
  head?: ComponentChildren;
  /** reading: 66 characters wide, padded; form: narrow, padded; full: to the edges. */
  width?: 'full' | 'form' | 'reading' | 'wide';
  /** The element that scrolls, for those who need to. */
  scrollRef?: { current: HTMLDivElement | null };
  onScroll?: () => void;
  /** The page keeps its own place (a conversation does). */
  ownScroll?: boolean;
  /** Names a scroller that outlives a navigation: a list that stays beside its details. */
  place?: string;
  /** Made to be read from top to end: the keyboard can scroll it where it holds nothing to stop at. */
  readable?: boolean;
}

const places = new Map<string, number>();

/** A title bar, and content that scrolls under it; coming back, it stands where it was left. */
export function Page({ children, foot, head, width = 'full', scrollRef, onScroll, ownScroll, place, readable, ...bar }: PageProps) {
  const own = useRef<HTMLDivElement>(null);
  const key = place || `${route.value.entry} ${bar.level || 1}`;
  useLayoutEffect(() => {
    const scroller = own.current;
    if (ownScroll || !scroller) return;
    const wanted = places.get(key) || 0;
    scroller.scrollTop = wanted;
    if (wanted === 0 || scroller.scrollTop >= wanted) return;
    // The content is still coming in: try again as it grows, until the person scrolls or it is tall enough.
    const observer = new MutationObserver(() => {
      scroller.scrollTop = wanted;
      if (scroller.scrollTop >= wanted) observer.disconnect();
    });
    observer.observe(scroller, { childList: true, subtree: true });
    const enough = () => observer.disconnect();
    scroller.addEventListener('pointerdown', enough, { once: true });
    scroller.addEventListener('wheel', enough, { once: true, passive: true });
    return enough;
  }, [key, ownScroll]);
  return (
    <div class="page">
      <TitleBar {...bar} />
      {head && <div class="page__head">{head}</div>}
      <div
        class="page__scroll"
        {...(readable || width === 'reading' ? { tabIndex: 0, role: 'region' as const, 'aria-label': bar.title } : {})}
        ref={(element) => {
          own.current = element;
          if (scrollRef) scrollRef.current = element;
        }}
        onScroll={(event) => {
          if (!ownScroll) places.set(key, event.currentTarget.scrollTop);
          if (onScroll) onScroll();
        }}
      >
        <div class={`page__content page__content--${width}`}>{children}</div>
      </div>
      {foot && <div class="page__foot">{foot}</div>}
    </div>
  );
}

/** List and detail: side by side from 900 px, one of them on a phone. */
export function Split({ list, detail, open }: { list: ComponentChildren; detail: ComponentChildren; open: boolean }) {
  return (
    <div class={open ? 'split split--open' : 'split'}>
      <div class="split__list">{list}</div>
      <div class="split__detail">{detail}</div>
    </div>
  );
}
