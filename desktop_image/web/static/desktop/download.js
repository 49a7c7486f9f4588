// The panel's list of the home: folders to open, files to take to the learner's computer.

import { forgeryToken, policy, read, sessionUrl } from "../common/page.js";
import { inWords } from "./upload.js";

export class Download {
  #list = document.getElementById("files-list");
  #path = document.getElementById("files-path");
  #said = document.getElementById("files-said");
  #folder = []; // the names of the folders from the home down to the one that is shown

  setUp(panels) {
    document.getElementById("download-part").hidden = policy.download === false;
    document.getElementById("download-rule").hidden = policy.download !== false;
    if (policy.download === false) return;
    panels.addEventListener("opened", ({ detail }) => {
      if (detail === "files-panel") this.#show(this.#folder);
    });
  }

  /** Shows the folder as it is now, after a file was brought into the home. */
  refresh() {
    if (policy.download !== false) this.#show(this.#folder);
  }

  async #show(folder) {
    let answer;
    try {
      answer = await read(pathOf(folder, true));
    } catch (error) {
      this.#tell(error.message);
      return;
    }
    this.#folder = folder;
    this.#tell(answer.entries.length ? answer.more : "This folder is empty.");
    this.#list.replaceChildren(...answer.entries.map((entry) => this.#line(entry)));
    this.#path.replaceChildren(
      ...["Home", ...folder].map((name, depth) => {
        const isLast = depth === folder.length;
        const step = makeButton(name, () => this.#show(folder.slice(0, depth)));
        if (isLast) step.setAttribute("aria-current", "true");
        return step;
      }),
    );
  }

  #line({ name, kind, size }) {
    const line = document.createElement("li");
    const place = [...this.#folder, name];
    if (kind === "folder") {
      line.append(makeButton(name, () => this.#show(place)));
      line.className = "folder";
    } else {
      const link = document.createElement("a");
      const url = sessionUrl(pathOf(place, false));
      url.searchParams.set("_xsrf", forgeryToken());
      link.href = url;
      link.download = name;
      link.textContent = name;
      const bytes = document.createElement("small");
      bytes.textContent = inWords(size);
      line.append(link, bytes);
    }
    return line;
  }

  #tell(sentence) {
    this.#said.textContent = sentence;
    this.#said.hidden = !sentence;
  }
}

function pathOf(names, isFolder) {
  return ["desktop/files", ...names.map(encodeURIComponent)].join("/") + (isFolder ? "/" : "");
}

function makeButton(label, run) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", run);
  return button;
}
