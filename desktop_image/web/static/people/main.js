// What concerns other people: on the learner's page who is watching, messages and the raised hand; on a visitor's page
// what the visitor sees and may ask for.

import { setUpHand } from "./hand.js";
import { setUpMessages } from "./messages.js";
import { setUpVisit } from "./visit.js";
import { setUpWatched } from "./watched.js";

/** @param {object} page the parts of the desktop's page, and who is who */
export function setUpPeople(page) {
  if (page.visitor) {
    setUpVisit(page);
    return;
  }
  setUpWatched(page);
  setUpMessages(page);
  setUpHand(page);
}
