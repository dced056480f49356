import { t } from '../../state/i18n';
import { errorText } from '../errors';
import { FileButton, IconButton, Note, ProgressBar } from '../kit';
import { applyMark, type Mark } from './marks';
import { usePictureUpload } from '../usePictureUpload';

interface MarkdownBarProps {
  area: { current: HTMLTextAreaElement | null };
  value: string;
  onChange: (value: string) => void;
}

const marks: Mark[] = ['heading', 'bold', 'italic', 'list', 'quote'];

/** For those who do not know Markdown by heart: each button marks what is selected. */
export function MarkdownBar({ area, value, onChange }: MarkdownBarProps) {
  const apply = (mark: Mark) => {
    const element = area.current;
    const from = element ? element.selectionStart : value.length;
    const to = element ? element.selectionEnd : value.length;
    const result = applyMark(value, from, to, mark);
    onChange(result.text);
    // After the text has been drawn anew, the selection is where it was.
    requestAnimationFrame(() => {
      if (!element) return;
      element.focus();
      element.setSelectionRange(result.from, result.to);
    });
  };
  const { sending, failure, send } = usePictureUpload(({ url }) => {
    const at = area.current ? area.current.selectionEnd : value.length;
    const before = value.slice(0, at);
    const gap = before === '' || before.endsWith('\n\n') ? '' : before.endsWith('\n') ? '\n' : '\n\n';
    onChange(`${before}${gap}![](${url})\n\n${value.slice(at)}`);
  });
  return (
    <>
      <div class="marks" role="group" aria-label={t('news.marks')}>
        {marks.map((mark) => (
          <IconButton key={mark} icon={mark} label={t(`news.mark.${mark}`)} onClick={() => apply(mark)} />
        ))}
        <FileButton
          icon="picture"
          accept="image/*"
          label={t('news.pictureInsert')}
          disabled={sending !== null}
          onFile={send}
        />
      </div>
      {sending !== null && <ProgressBar label={t('news.pictureSending')} value={sending} />}
      {failure !== null && <Note kind="alarm" title={errorText(failure)} />}
    </>
  );
}
