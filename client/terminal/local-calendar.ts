import type { Calendar } from '../screen/model.ts';

/** Days and times as this machine's time zone has them. */
export function localCalendar(): Calendar {
  const day = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
  const shortDay = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short', year: '2-digit' });
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
  const exactTime = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
  return {
    day: (atMs) => day.format(shown(atMs)),
    shortDay: (atMs) => shortDay.format(shown(atMs)),
    time: (atMs) => time.format(shown(atMs)),
    exactTime: (atMs) => exactTime.format(shown(atMs)),
  };
}

/** A time that a server made up must not end the program. */
function shown(atMs: number): number {
  return Math.abs(atMs) <= 8.64e15 ? atMs : 0;
}
