// Times of day, which stay true while minutes that are left do not.

const LONG_SECONDS = 20 * 3600;
const sessionOffset = document.body.dataset.utcOffset;

/** By the reader's own clock, which may be in another zone than the session's; with the day where it is far. */
export function clock(seconds, now = Date.now() / 1000) {
  const day = seconds - now > LONG_SECONDS ? { weekday: "short" } : {};
  const time = new Date(1000 * seconds).toLocaleString("en-GB", { ...day, hour: "2-digit", minute: "2-digit" });
  return isElsewhere(seconds) ? `${time} your time` : time;
}

/** What the session's own clock shows then, where it is in another time zone than the reader; else nothing. */
export function sessionClock(seconds) {
  if (!isElsewhere(seconds)) return "";
  const moment = new Date(1000 * (seconds + Number(sessionOffset)));
  return `${moment.toISOString().slice(11, 16)} by the session's clock`;
}

function isElsewhere(seconds) {
  return Boolean(sessionOffset) && Number(sessionOffset) !== -60 * new Date(1000 * seconds).getTimezoneOffset();
}
