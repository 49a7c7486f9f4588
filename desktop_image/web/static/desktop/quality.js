// How sharp the desktop's moving pictures are: as sharp as the link carries without making the desktop late.
//
// The link's delay is measured with the channel's pings and what it carries with the bytes of the desktop. Where pings
// become late while much is coming, what is coming is all that the link can carry, and a level is chosen that fits
// well below it. Where they do not, a busy link is tried with the next better level.

import { remember, remembered } from "../common/remember.js";

// noVNC's levels; the rates are those of a photograph that moves across 1280 × 800 pixels, 30 times a second. More
// compression than 2 makes the node work more, and saves less than a hundredth.
export const LEVELS = [
  { name: "Low", quality: 2, compression: 2, megabits: 0 },
  { name: "Fair", quality: 4, compression: 2, megabits: 15 },
  { name: "Good", quality: 6, compression: 2, megabits: 40 },
  { name: "Best", quality: 9, compression: 2, megabits: 250 },
];
const START = 2;
const BUSY_MEGABITS = 1;
const LATE_MS = 120;
const PROMPT_MS = 40;
// Levels up are tried this often, and less often after a try that failed; levels down are taken at once.
const TRY_SECONDS = 8;
const LONGEST_TRY_SECONDS = 120;

/**
 * The level to take, from what was measured.
 *
 * @param {object} now `level`; `extraDelay`: milliseconds above the link's best; `megabits`: what is coming in a second;
 *   `seconds`: since the level was changed; `patience`: the seconds after which a better one is tried
 * @returns {number} an index of `LEVELS`
 */
export function nextLevel({ level, extraDelay, megabits, seconds, patience = TRY_SECONDS }) {
  if (megabits < BUSY_MEGABITS) return level;
  if (extraDelay > LATE_MS) {
    const fitting = LEVELS.findLastIndex((each) => each.megabits <= megabits);
    return Math.min(Math.max(0, level - 1), Math.max(0, fitting));
  }
  if (extraDelay < PROMPT_MS && seconds > patience) return Math.min(level + 1, LEVELS.length - 1);
  return level;
}

const MEASURE_MS = 500;

export class Quality {
  #screen;
  #level = START;
  #changed = performance.now();
  #patience = TRY_SECONDS;
  #bytes = 0;
  #megabits = 0;
  #delay = 0;
  #best = Infinity;
  #choices = document.querySelectorAll('#quality-panel input[name="quality"]');
  #told = document.getElementById("quality-now");
  #choice = "Automatic";

  setUp(channel, screen) {
    this.#screen = screen;
    channel.watchDelayWhile(() => this.#megabits >= BUSY_MEGABITS);
    channel.addEventListener("delay", ({ detail }) => this.#takeDelay(detail));
    setInterval(() => this.#measure(), MEASURE_MS);
    this.#choose(remembered("quality", "Automatic"));
    for (const input of this.#choices) {
      input.addEventListener("change", () => {
        this.#choose(input.value);
        remember("quality", input.value);
      });
    }
  }

  #choose(name) {
    const input = [...this.#choices].find((each) => each.value === name) ?? this.#choices[0];
    input.checked = true;
    this.#choice = input.value;
    const level = LEVELS.findIndex((each) => each.name === this.#choice);
    this.#take(level < 0 ? START : level);
  }

  #take(level) {
    this.#level = level;
    this.#changed = performance.now();
    this.#screen.setLevels(LEVELS[level]);
    this.#tell();
  }

  #measure() {
    const megabits = ((this.#screen.bytes - this.#bytes) * 8) / 1e6 / (MEASURE_MS / 1000);
    this.#bytes = this.#screen.bytes;
    // A second's mean: single pictures are not a stream.
    this.#megabits = (this.#megabits + megabits) / 2;
    this.#tell();
  }

  #takeDelay(delay) {
    this.#delay = delay;
    // The best delay is forgotten slowly, as the laptop may have found another network.
    this.#best = Math.min(delay, this.#best * 1.02);
    if (this.#choice !== "Automatic") return;
    const next = nextLevel({
      level: this.#level,
      extraDelay: delay - this.#best,
      megabits: this.#megabits,
      seconds: (performance.now() - this.#changed) / 1000,
      patience: this.#patience,
    });
    if (next < this.#level) this.#patience = Math.min(2 * this.#patience, LONGEST_TRY_SECONDS);
    if (next !== this.#level) this.#take(next);
  }

  #tell() {
    if (!this.#told.checkVisibility()) return;
    const parts = [`Now: ${LEVELS[this.#level].name}`];
    if (this.#delay) parts.push(`${Math.max(1, Math.round(this.#delay))} ms to the session and back`);
    parts.push(`${this.#megabits.toFixed(1)} Mbit/s`);
    this.#told.textContent = parts.join(" · ");
  }
}
