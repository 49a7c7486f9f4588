// What concerns other people: who is watching, messages and the raised hand.

import { setUpHand } from "./hand.js";
import { setUpMessages } from "./messages.js";
import { setUpWatched } from "./watched.js";

/** @param {object} page the parts of the session's page */
export function setUpPeople(page) {
  setUpWatched(page);
  setUpMessages(page);
  setUpHand(page);
}
