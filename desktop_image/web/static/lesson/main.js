// The lesson beside the desktop: its steps, with buttons that copy and type commands, open files, and check exercises.

import { remember, remembered } from "../common/remember.js";
import { writeToBrowser } from "../desktop/clipboard.js";
import { keyOf } from "../keyboard/keysyms.js";
import { makeButton, makeText } from "../people/elements.js";
import { act, allLessons, oneLesson, pictureUrl } from "./calls.js";
import { Edge } from "./edge.js";

// A pack that was mended is to be seen within half a minute, and so is a picture that a script has made.
const LOOK_AGAIN_MS = 10_000;

const pane = document.getElementById("lesson");
const choice = document.getElementById("lesson-choice");
const body = document.getElementById("lesson-body");
const progress = document.getElementById("lesson-progress");
const said = document.getElementById("lesson-said");
const pasteTarget = document.getElementById("paste-target");

export class Lesson {
  #screen;
  #isInTerminal;
  #lesson = null; // what the session told of it last
  #done = new Set(); // the names of the steps that are done
  #timer = 0;

  /**
   * @param {object} screen the desktop's: `focus()`, `sendKey()`, `offerText()`
   * @param {function(): Promise<boolean>} isInTerminal whether a terminal has the desktop's keyboard
   */
  constructor(screen, isInTerminal) {
    this.#screen = screen;
    this.#isInTerminal = isInTerminal;
    new Edge(document.getElementById("lesson-edge"), pane).setUp();
    choice.addEventListener("change", () => this.#show(choice.value));
    pane.addEventListener("keydown", (event) => {
      if (event.key === "Escape") screen.focus();
    });
    document.getElementById("lesson-close").addEventListener("click", () => this.close());
  }

  get isOpen() {
    return !pane.hidden;
  }

  async open(byKeyboard = false) {
    pane.hidden = false;
    tellButtons(true);
    remember("lesson", "open");
    if (byKeyboard) pane.focus();
    this.#timer = setInterval(() => this.#lookAgain(), LOOK_AGAIN_MS);
    await this.#choose();
  }

  close() {
    pane.hidden = true;
    tellButtons(false);
    remember("lesson", "closed");
    clearInterval(this.#timer);
    this.#screen.focus();
  }

  async #choose() {
    try {
      const { lessons, refused } = await allLessons();
      const names = lessons.map(({ name }) => name);
      const wanted = [remembered("lesson-name"), this.#lesson?.name, names[0]].find((name) => names.includes(name));
      choice.replaceChildren(...lessons.map(({ name, title }) => new Option(title, name, false, name === wanted)));
      choice.value = wanted ?? "";
      said.replaceChildren(...refused.map((sentence) => paragraph(`Refused: ${sentence}`)));
      if (wanted) await this.#show(wanted);
      else say("There are no lessons in this session.");
    } catch (error) {
      say(error.message);
    }
  }

  async #show(name) {
    try {
      const lesson = await oneLesson(name);
      remember("lesson-name", name);
      this.#done = new Set(JSON.parse(remembered(`lesson-done-${name}`, "[]")));
      this.#render(lesson, null);
    } catch (error) {
      say(error.message);
    }
  }

  /** What has changed in the lesson's text, or which pictures are there by now. */
  async #lookAgain() {
    if (!this.#lesson || document.hidden) return;
    try {
      const lesson = await oneLesson(this.#lesson.name);
      if (lesson.name === choice.value) this.#render(lesson, this.#lesson);
    } catch {
      // The page says where the session is away; what is shown stays.
    }
  }

  /** Shows a lesson; of one that is shown already only what has changed, so that nothing moves under a reader. */
  #render(lesson, before) {
    this.#lesson = lesson;
    if (JSON.stringify(lesson) === JSON.stringify(before)) return;
    const open = lesson.steps.find(({ name }) => !this.#done.has(name))?.name;
    const old = new Map([...body.querySelectorAll("details")].map((details) => [details.dataset.step, details]));
    const parts = lesson.steps.map((step, number) => {
      const same = before?.steps.find(({ name }) => name === step.name);
      const there = before && old.get(step.name);
      if (there && JSON.stringify(same) === JSON.stringify(step)) return there;
      return this.#step(step, number, there ? there.open : !before && step.name === open);
    });
    const lacks = lesson.lacks.map((sentence) => paragraph(sentence, "rule"));
    body.replaceChildren(...lacks, this.#content(lesson.introduction), ...parts);
    this.#tellProgress();
  }

  #step(step, number, isOpen) {
    const details = document.createElement("details");
    details.dataset.step = step.name;
    details.open = isOpen;
    const summary = document.createElement("summary");
    const title = document.createElement("h2");
    title.append(`${number + 1}. ${step.title}`);
    summary.append(title);
    if (step.minutes) summary.append(makeText(`${step.minutes} min`, "minutes"));
    const done = makeButton("Done", () => this.#toggleDone(step.name), "done");
    done.setAttribute("aria-pressed", String(this.#done.has(step.name)));
    done.setAttribute("aria-label", `Done: ${step.title}`);
    details.append(summary, this.#content(step.html), done);
    return details;
  }

  #toggleDone(name) {
    if (!this.#done.delete(name)) this.#done.add(name);
    remember(`lesson-done-${this.#lesson.name}`, JSON.stringify([...this.#done]));
    const all = [...body.querySelectorAll("details")];
    const details = all.find((one) => one.dataset.step === name);
    details.querySelector(".done").setAttribute("aria-pressed", String(this.#done.has(name)));
    this.#tellProgress();
    if (!this.#done.has(name)) return;
    const next = all.slice(all.indexOf(details)).find((one) => !this.#done.has(one.dataset.step));
    details.open = false;
    if (!next) return;
    next.open = true;
    next.querySelector("summary").focus({ preventScroll: true });
    next.scrollIntoView({ block: "start" });
  }

  #tellProgress() {
    const { steps } = this.#lesson;
    const left = steps.filter(({ name }) => !this.#done.has(name));
    const minutes = left.reduce((sum, step) => sum + step.minutes, 0);
    const rest = minutes ? `, ${minutes} min to go` : "";
    progress.textContent = `${steps.length - left.length} of ${steps.length} steps done${rest}`;
    for (const details of body.querySelectorAll("details")) {
      details.classList.toggle("is-done", this.#done.has(details.dataset.step));
    }
  }

  /** The session's HTML, which has no scripts and no addresses but for links, with its buttons. */
  #content(html) {
    const content = document.createElement("div");
    content.className = "content";
    const parsed = new DOMParser().parseFromString(html, "text/html");
    for (const image of parsed.querySelectorAll("img")) showPicture(image);
    for (const file of parsed.querySelectorAll("[data-file]")) {
      const open = makeButton(file.textContent, () => this.#act("open", file.dataset.file), "file");
      open.title = "Open the file in the desktop";
      file.replaceWith(open);
    }
    for (const block of parsed.querySelectorAll("[data-commands]"))
      block.replaceWith(this.#commands(block.textContent));
    content.append(...parsed.body.childNodes);
    return content;
  }

  #commands(text) {
    const list = document.createElement("ul");
    list.className = "commands";
    for (const line of text.split("\n").filter((one) => one.trim())) {
      const item = document.createElement("li");
      const code = document.createElement("code");
      code.textContent = line;
      const buttons = document.createElement("span");
      buttons.className = "buttons";
      buttons.append(
        quietly(
          makeButton("Copy", () => this.#copy(line)),
          `Copy: ${line}`,
        ),
        quietly(
          makeButton("Type it", () => this.#type(line)),
          `Type it for me: ${line}`,
        ),
      );
      const exercise = line.match(/^\s*lesson check (?:\S+ )?(\S+)\s*$/)?.[1];
      if (exercise) buttons.append(this.#checkButton(exercise, item));
      item.append(code, buttons);
      list.append(item);
    }
    return list;
  }

  #checkButton(exercise, item) {
    const result = document.createElement("div");
    result.className = "result";
    result.setAttribute("role", "status");
    const button = makeButton("Check", async () => {
      button.disabled = true;
      result.replaceChildren(paragraph("Checking …"));
      item.append(result);
      try {
        const answer = await act(this.#lesson.name, "check", exercise);
        result.replaceChildren(
          ...answer.said
            .split("\n")
            .slice(1)
            .map((line) => paragraph(line.trim())),
        );
        result.classList.toggle("right", answer.right);
        if (this.#lesson.solutions.includes(exercise)) result.append(this.#solutionButton(exercise, result));
      } catch (error) {
        result.replaceChildren(paragraph(error.message));
      }
      button.disabled = false;
    });
    button.setAttribute("aria-label", `Check: ${exercise}`);
    return button;
  }

  #solutionButton(exercise, result) {
    const button = makeButton("Show the solution", async () => {
      try {
        const { text } = await act(this.#lesson.name, "solution", exercise);
        const block = document.createElement("pre");
        block.tabIndex = 0;
        block.textContent = text;
        button.replaceWith(block);
        block.focus();
      } catch (error) {
        result.append(paragraph(error.message));
      }
    });
    return button;
  }

  async #act(name, what) {
    try {
      const answer = await act(this.#lesson.name, name, what);
      say(answer.said);
      this.#screen.focus();
    } catch (error) {
      say(error.message);
    }
  }

  async #copy(line) {
    this.#screen.offerText(line);
    const done = await writeToBrowser(line, pasteTarget);
    say(done ? "Copied. Paste it with Ctrl + Shift + V in a terminal." : "Your browser does not let this page copy.");
  }

  /** Types a command into the desktop's terminal; to press Enter is the learner's. */
  async #type(line) {
    this.#screen.focus();
    if (!(await this.#isInTerminal())) {
      say("Click in a terminal of the desktop first: what is typed goes to the window that has the keyboard.");
      return;
    }
    for (const character of line.replace(/\p{Cc}/gu, "")) this.#screen.sendKey(...keyOf(character));
    say("Typed. Press Enter to run it.");
  }
}

/** A button that leaves the keyboard where it is when it is pressed with the mouse. */
function quietly(button, label) {
  button.setAttribute("aria-label", label);
  button.addEventListener("mousedown", (event) => event.preventDefault());
  return button;
}

function tellButtons(isOpen) {
  for (const button of document.querySelectorAll("[data-lesson][aria-expanded]")) {
    button.setAttribute("aria-expanded", String(isOpen));
  }
}

function paragraph(text, className = "") {
  const made = document.createElement("p");
  made.textContent = text;
  made.className = className;
  return made;
}

function say(text) {
  said.replaceChildren(paragraph(text));
}

/** Pictures come with the token against forged requests, which an address alone does not bring. */
async function showPicture(image) {
  const source = image.getAttribute("src");
  image.removeAttribute("src");
  image.removeAttribute("loading");
  const url = await pictureUrl(source);
  if (!url) return;
  image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
  image.src = url;
}
