// Texts for a person, made of numbers. Pure functions.

// One clock everywhere: the session's page, its messages and the acts' results count hours from 0 to 23, too.
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const clockFormat = new Intl.DateTimeFormat([], CLOCK);
const secondsFormat = new Intl.DateTimeFormat([], { ...CLOCK, second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });

const DAY_S = 86400;

/** A moment, given in Unix seconds, as the clock's hours and minutes. */
export const clock = (time) => clockFormat.format(new Date(time * 1000));

/** The same with seconds. */
export const exactClock = (time) => secondsFormat.format(new Date(time * 1000));

/** The same, with the day where it is not today's. */
export function dayAndClock(time, now) {
  const text = clock(time);
  const sameDay = new Date(time * 1000).toDateString() === new Date(now * 1000).toDateString();
  return sameDay ? text : `${dayFormat.format(new Date(time * 1000))} ${text}`;
}

/** A length of time: `40 s`, `12 min`, `2 h 05 min`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) {
    return `${whole} s`;
  }
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    return `${minutes} min`;
  }
  if (whole < DAY_S) {
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  }
  return `${Math.floor(whole / DAY_S)} d ${Math.floor((whole % DAY_S) / 3600)} h`;
}

/** How long ago something was: `just now`, `12 min`. */
export const ago = (seconds) => (seconds < 60 ? "just now" : duration(seconds));

/** How long ago something was, in steps that do not flicker: `now`, `40 s`, `12 min`. */
export function since(seconds) {
  if (seconds < 30) {
    return "now";
  }
  return duration(seconds < 60 ? Math.floor(seconds / 10) * 10 : seconds);
}

/** An amount of memory, as people say it. */
export function memory(mib) {
  return mib < 1000 ? `${Math.round(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

/** `1 learner`, `12 learners`. */
export const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** `Ada, Bob and 12 others`; whole where it has at most `most` names. */
export function names(list, most = 12) {
  const shown = list.length > most + 1 ? list.slice(0, most) : list;
  const others = list.length - shown.length;
  if (others) {
    return `${shown.join(", ")} and ${others} others`;
  }
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
