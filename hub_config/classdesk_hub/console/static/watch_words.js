// What the watching page says, from what is known of the visit. Pure functions.
import { isLive, title } from "./learner.js";

const REFUSED = {
  "not now": (who) => `${who} answered: not now.`,
  "no page": (who) => `${who} has no page open, so nobody can answer.`,
  "no answer": (who) => `${who} has not answered.`,
  ended: (who) => `${who} stopped showing the desktop.`,
  off: () => "Your site does not allow instructors to view learners’ desktops.",
};

const CONTROL = {
  "control refused": (who) => `${who} wants to work alone now.`,
  "control taken back": (who) => `${who} took keyboard and mouse back.`,
  "control given to another": (who) => `${who} gave keyboard and mouse to somebody else.`,
  "control asked by another": (who) => `Somebody else has already asked ${who} for control.`,
};

/** What an instructor reads who has lost control, or has not got it; empty where there is nothing to say. */
export const controlSentence = (who, reason) => CONTROL[reason]?.(who) ?? "";

/** The short words beside the learner's name. */
export function mode(known) {
  if (!known.isShown) {
    return "";
  }
  if (known.control) {
    return "Shared control";
  }
  return known.asksForControl ? "View only · asking for control" : "View only";
}

/** Whether the session that was watched, or any, has gone. */
export const isOver = ({ learner, endedJob }) => Boolean(learner) && (!isLive(learner) || learner.job_id === endedJob);

/**
 * What lies before the picture: `title`, `text`, `acts` (names of what can be done), `busy`, and `thin` where the last
 * picture shines through; null where the picture is to be seen.
 *
 * @param {object} known `name`; `learner`: as the class shows them, null where they are not in it, undefined before the
 *   first word; `trouble`: why the class is closed; `wants`: to look; `lost`: the connection is; `visit`, `reason`, `desktop`, `isShown`, `wasShown`, `endedJob`
 */
export function curtain(known) {
  const { learner, lost, visit } = known;
  const who = learner ? title(learner) : known.name;
  const opening = { title: `Opening the desktop of ${who}`, text: "", acts: [], busy: true };
  if (known.trouble) {
    return { title: "There is nothing to see here at the moment", text: known.trouble, acts: ["back"] };
  }
  if (learner === undefined) {
    return opening;
  }
  if (learner === null) {
    return { title: `${who} is no longer in this class`, text: "", acts: ["back"] };
  }
  if (!known.wants) {
    return {
      title: "You have stopped looking",
      text: `You no longer see the desktop of ${who}.`,
      acts: ["look", "back"],
    };
  }
  if (isOver(known)) {
    return withoutSession(learner, who, known.wasShown || Boolean(known.endedJob));
  }
  if (visit === "refused") {
    const again = known.reason === "off" ? [] : ["message", "again"];
    const text = REFUSED[known.reason]?.(who) ?? "The session did not show it.";
    return { title: `You are not looking at the desktop of ${who}`, text, acts: [...again, "back"] };
  }
  if (lost) {
    return {
      title: known.wasShown ? "Reconnecting" : opening.title,
      text: known.wasShown ? "The connection was lost. The page keeps trying." : "The session does not answer yet.",
      acts: ["back"],
      busy: true,
      thin: known.wasShown,
    };
  }
  if (visit === "asking") {
    return {
      title: `Asking ${who}`,
      text: `You will see the desktop as soon as ${who} agrees.`,
      acts: ["message", "back"],
      busy: true,
    };
  }
  if (learner.state === "frozen") {
    return {
      title: `The desktop of ${who} does not answer`,
      text: "A reset of its settings starts a new one. What is open in it and not saved will be lost.",
      acts: ["reset", "message", "back"],
      thin: known.wasShown,
    };
  }
  return known.isShown && known.desktop === "painted" ? null : desktop(known.desktop, who, opening, known.wasShown);
}

function withoutSession(learner, who, hadOne) {
  if (learner.state === "queued" || learner.state === "starting") {
    return {
      title: `The session of ${who} is starting`,
      text: "The desktop will appear on its own.",
      acts: ["back"],
      busy: true,
    };
  }
  if (learner.state === "stopping" || isLive(learner)) {
    return { title: `The session of ${who} has ended`, text: "", acts: ["back"], busy: true };
  }
  return {
    title: hadOne ? `The session of ${who} has ended` : `${who} has no session`,
    text: "",
    acts: ["start", "back"],
  };
}

function desktop(state, who, opening, wasShown) {
  switch (state) {
    case "no desktop":
      return {
        title: `The session of ${who} has no desktop`,
        text: "It was started with another interface.",
        acts: ["message", "back"],
      };
    case "failed":
      return {
        title: `The desktop of ${who} did not start`,
        text: "A reset of its settings often helps.",
        acts: ["reset", "message", "back"],
      };
    case "logged out":
      return {
        title: `${who} logged out of the desktop`,
        text: "The session is still running. The learner is asked whether to start a new desktop.",
        acts: ["message", "back"],
      };
    case "painted":
    case "":
      return opening;
    default:
      return { title: `A new desktop of ${who} is starting`, text: "", acts: ["back"], busy: true, thin: wasShown };
  }
}
