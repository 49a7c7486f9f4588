// The session's memory: how much is in use stands in the bar, and a message warns when it is nearly full.

import { hideBanner, showBanner } from "../desktop/banners.js";

const place = document.getElementById("memory");
const inUse = document.getElementById("memory-in-use");

/** @param {Channel} channel tells of the memory (`server/memory_use.py`) */
export function setUpMemory(channel) {
  let level = 0; // of the warning that was shown last

  channel.addEventListener("memory", ({ detail }) => {
    show(detail);
    // One that was closed does not come back for a few MiB more.
    if (detail.level > level) showBanner("memory", detail.warning, { tone: "warning" });
    else if (detail.level < level) hideBanner("memory");
    level = detail.level;
  });
  channel.addEventListener("ended-for-memory", ({ detail }) => {
    showBanner("ended-for-memory", detail.sentence, { tone: "warning" });
  });
}

function show({ used, limit, level }) {
  place.hidden = false;
  place.classList.toggle("near", level > 0);
  inUse.textContent = `${used} of ${limit} GiB`;
  place.title = `The session uses ${used} of its ${limit} GiB of memory`;
}
