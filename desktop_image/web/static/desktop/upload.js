// Files of the learner's computer into the home: dropped anywhere on the page, or chosen in the panel.

import { forgeryToken, policy, refusal, sessionUrl } from "../common/page.js";
import { remember, remembered } from "../common/remember.js";

const LARGEST = Number(document.body.dataset.largestUpload) || Infinity;

export class Upload {
  #folder = document.getElementById("upload-folder");
  #input = document.getElementById("upload-input");
  #list = document.getElementById("uploads");
  #drop = document.getElementById("drop");
  #queue = [];
  #isSending = false;
  #open;
  #sent;

  /**
   * @param {() => void} open opens the panel, in which the progress is seen
   * @param {() => void} sent is called when a file has arrived
   */
  setUp(open, sent) {
    this.#open = open;
    this.#sent = sent;
    document.getElementById("upload-part").hidden = policy.upload === false;
    document.getElementById("upload-rule").hidden = policy.upload !== false;
    this.#folder.value = remembered("upload-folder", "Desktop");
    this.#folder.addEventListener("change", () => remember("upload-folder", this.#folder.value));
    document.getElementById("upload-button").addEventListener("click", () => this.#input.click());
    this.#input.addEventListener("change", () => {
      this.#take([...this.#input.files]);
      this.#input.value = "";
    });
    this.#setUpDrop();
  }

  #setUpDrop() {
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
    let depth = 0; // how many elements that lie in each other the files are held over
    const show = (shown) => {
      this.#drop.hidden = !shown;
      document.getElementById("drop-folder").textContent = `~/${this.#folder.value}`;
    };
    window.addEventListener("dragenter", (event) => {
      if (!carriesFiles(event) || policy.upload === false) return;
      event.preventDefault();
      depth += 1;
      show(true);
    });
    window.addEventListener("dragleave", (event) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) show(false);
    });
    // Always: a browser would show the file in the place of the desktop.
    window.addEventListener("dragover", (event) => {
      if (carriesFiles(event)) event.preventDefault();
    });
    window.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      show(false);
      if (policy.upload === false) {
        this.#open();
        return;
      }
      const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
      this.#take(
        [...event.dataTransfer.files].filter((file, index) => {
          if (!entries[index]?.isDirectory) return true;
          this.#addLine(file.name).fail(
            "Folders cannot be sent. Pack the folder into an archive, such as a .zip file, and send that.",
          );
          return false;
        }),
      );
    });
  }

  #take(files) {
    this.#open();
    for (const file of files) {
      const line = this.#addLine(file.name);
      if (file.size > LARGEST) line.fail(`The file is larger than ${inWords(LARGEST)}, the most that can be sent.`);
      else this.#queue.push({ file, line, folder: this.#folder.value });
    }
    this.#send();
  }

  async #send() {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      try {
        next.line.done(await sendFile(next.file, next.folder, (part) => next.line.progress(part)));
        this.#sent();
      } catch (error) {
        next.line.fail(error.message);
      }
    }
    this.#isSending = false;
  }

  #addLine(name) {
    const line = document.createElement("li");
    const title = document.createElement("span");
    const bar = document.createElement("progress");
    const said = document.createElement("small");
    title.textContent = name;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", name);
    line.append(title, bar, said);
    this.#list.prepend(line);
    const end = (text, kind) => {
      bar.remove();
      said.textContent = text;
      line.className = kind;
    };
    return {
      progress: (part) => {
        bar.value = part;
      },
      done: ({ path }) => end(`is at ${path}`, "done"),
      fail: (sentence) => end(sentence, "failed"),
    };
  }
}

/** Sends one file; `fetch` could not tell how far it is. */
function sendFile(file, folder, onProgress) {
  const url = sessionUrl("desktop/upload");
  url.search = new URLSearchParams({ name: file.name, folder });
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", url);
    sending.setRequestHeader("X-XSRFToken", forgeryToken());
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.responseType = "json";
    sending.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    sending.addEventListener("load", () => {
      if (sending.status === 200 && sending.response) resolve(sending.response);
      else reject(new Error(refusal({ status: sending.status, redirected: !sending.response }, sending.response)));
    });
    sending.addEventListener("error", () => {
      reject(new Error("The connection was lost, or the file cannot be read. Please try again."));
    });
    sending.send(file);
  });
}

/** A number of bytes for people. */
export function inWords(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let number = bytes;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    unit += 1;
  }
  return `${unit && number < 10 ? number.toFixed(1) : Math.round(number)} ${units[unit]}`;
}
