import { useEffect, useState } from 'preact/hooks';
import { Button } from '../kit';
import './NoTexts.css';

const PATIENCE_MS = 6000;

// The one place without a catalogue: it shows when none could be loaded.
const words: [lang: string, text: string][] = [
  ['en', 'This page did not load. Try again'],
  ['ko', '화면을 불러오지 못했어요. 다시 해 보기'],
  ['ar', 'لم تُحمَّل هذه الصفحة. حاول مجددًا'],
];

/** Nothing while the texts are on their way; a way on when they do not come. */
export function NoTexts() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return null;
  return (
    <main class="no-texts">
      {words.map(([lang, text]) => (
        <Button key={lang} wide icon="retry" onClick={() => location.reload()}>
          <span lang={lang} dir="auto">
            {text}
          </span>
        </Button>
      ))}
    </main>
  );
}
