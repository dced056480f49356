import { formatDate, formatDay, formatTime } from '../../state/i18n';
import { now } from '../../state/node';

export interface TimeProps {
  /** Unix seconds. */
  at: number;
  /** short: the time today, else the day; day: "Yesterday"; date: always in full; time: hours and minutes. */
  as?: 'short' | 'day' | 'date' | 'time';
}

export function Time({ at, as = 'short' }: TimeProps) {
  const date = new Date(at * 1000);
  const whole = Number.isNaN(date.getTime());
  if (whole) return null;
  return (
    <time dateTime={date.toISOString()} title={`${formatDate(at)} ${formatTime(at)}`}>
      {write(at, as)}
    </time>
  );
}

function write(at: number, as: 'short' | 'day' | 'date' | 'time'): string {
  if (as === 'time') return formatTime(at);
  if (as === 'date') return formatDate(at);
  if (as === 'day') return formatDay(at, now());
  return sameDay(at, now()) ? formatTime(at) : formatDay(at, now());
}

/** Whether two moments fall on one day here. */
export function sameDay(a: number, b: number): boolean {
  return new Date(a * 1000).toDateString() === new Date(b * 1000).toDateString();
}
