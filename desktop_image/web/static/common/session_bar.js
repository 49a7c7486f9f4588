// The bar of the interfaces other than the desktop: time, help, messages, the end.

import { setUpEnd, setUpTime } from "../desktop/acts.js";
import { hideBanner, showBanner } from "../desktop/banners.js";
import { Panels } from "../desktop/panels.js";
import { setUpPeople } from "../people/main.js";
import { setEnd, setUpBar } from "./bar.js";
import { setUpMemory } from "./memory.js";
import { policy } from "./page.js";

/**
 * @param {Channel} channel the channel to the session
 * @param {() => void} focus called when the keyboard should go back to the interface
 * @returns {Panels} what opens from it
 */
export function setUpSessionBar(channel, focus) {
  const panels = new Panels(focus);
  setUpBar(focus);
  setUpTime(channel);
  setUpMemory(channel);
  setUpEnd();
  channel.addEventListener("state", ({ detail }) => setEnd(detail.end, detail.now));
  setUpPeople({ channel, screen: { focus }, showBanner, hideBanner, panels, policy });
  return panels;
}
