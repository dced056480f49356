import './PassphraseWords.css';

/** A passphrase large enough to copy onto paper, word by word, in the direction of its own letters. */
export function PassphraseWords({ text, label }: { text: string; label: string }) {
  const words = text.split(' ').filter(Boolean);
  return (
    <ol class="passphrase" dir="auto" aria-label={label} translate={false}>
      {words.map((word, i) => (
        <li key={i} class="passphrase__word">
          {word}
        </li>
      ))}
    </ol>
  );
}
