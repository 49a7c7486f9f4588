// Moments by the browser's own clock: the hub's, and the cluster's, may be in another zone.

/** A moment as one says it; with the day where it is not today. */
export function clock(moment) {
  const time = moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? time : `${time} on ${moment.toLocaleDateString("en-GB", { day: "2-digit", month: "short" })}`;
}

/**
 * A text of the hub with its moments by the browser's clock, marked where that shows another time.
 *
 * @param {string} text
 * @param {Object<string, number>} moments in Unix seconds, by the words of the text that say them
 */
export function byOwnClock(text, moments) {
  // One may begin as another does: "14:05 UTC on 3 Dec" and "14:05 UTC".
  const words = Object.keys(moments).sort((a, b) => b.length - a.length);
  return words.reduce((said, theirs) => {
    const own = clock(new Date(1000 * moments[theirs]));
    return said.replaceAll(theirs, own.slice(0, 5) === theirs.slice(0, 5) ? own : own.replace(/^\S+/, "$& your time"));
  }, text);
}
