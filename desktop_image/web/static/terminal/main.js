// The terminal's page: a login shell of the session in xterm.js, over jupyter_server's terminals.

import { FitAddon } from "../../node_modules/@xterm/addon-fit/lib/addon-fit.mjs";
import { Terminal } from "../../node_modules/@xterm/xterm/lib/xterm.mjs";
import { Channel } from "../common/channel.js";
import { askBeforeLeaving } from "../common/leaving.js";
import { onLogIn, reopen, stillRunning, watchLogIn } from "../common/log_in.js";
import { hideNotice, showNotice } from "../common/notice.js";
import { askSession, call, hubHome, post, socketUrl, user } from "../common/page.js";
import { Retry } from "../common/retry.js";
import { setUpSessionBar } from "../common/session_bar.js";
import { notice } from "../desktop/notices.js";
import { setUpLinks } from "./links.js";

// The tab keeps its shell when it is loaded again; another tab has another one.
const REMEMBERED = "classdesk-terminal";

const terminal = new Terminal({
  cursorBlink: true,
  fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
  fontSize: 15,
  scrollback: 10000,
  screenReaderMode: false,
  theme: { background: "#14191a", foreground: "#e6ebe9", cursor: "#8fd1bd" },
});
const fit = new FitAddon();
const retry = new Retry();
const element = document.getElementById("terminal");
const channel = new Channel(socketUrl("desktop/channel"));
let socket = null;
let ended = null;
let end = 0;
let loggedOut = false;

terminal.loadAddon(fit);
terminal.open(element);
// xterm.js keeps Tab for the shell.
terminal.textarea.ariaLabel = `Terminal of ${user}: your keys go to it. Control + Alt + Shift + B takes you out, to the bar.`;
setUpLinks(terminal);
new ResizeObserver(() => fit.fit()).observe(element);
terminal.onData((data) => send(["stdin", data]));
terminal.onResize(({ rows, cols }) => send(["set_size", rows, cols, element.clientHeight, element.clientWidth]));
const panels = setUpSessionBar(channel, () => terminal.focus());
askBeforeLeaving(() => socket?.readyState === WebSocket.OPEN);
followSession();
run();

/** Hears what the session tells: its end can move while it runs. */
async function followSession() {
  channel.addEventListener("state", ({ detail }) => {
    end = detail.end;
  });
  channel.addEventListener("ended", ({ detail }) => {
    ended = detail;
    tellTrouble("");
  });
  const pause = new Retry();
  for (;;) {
    if (await channel.connect()) {
      pause.reset();
      ended = null;
      await channel.closed();
    }
    await pause.wait();
  }
}

async function run() {
  watchLogIn(tellLogOut);
  onLogIn(() => {
    if (loggedOut) openAgain();
  });
  for (;;) {
    const answer = loggedOut ? { kind: "log-in" } : await askSession();
    if (answer.kind === "answer") {
      const ended = await follow();
      if (ended) {
        showEnded();
        return;
      }
    } else {
      tellTrouble(answer.kind);
    }
    await retry.wait();
  }
}

/** Shows the shell for as long as the connection lasts; returns whether the shell itself has ended. */
async function follow() {
  const name = await shellName();
  if (!name) return false;
  const connection = new WebSocket(socketUrl(`terminals/websocket/${encodeURIComponent(name)}`));
  let ended = false;
  await new Promise((resolve) => {
    connection.addEventListener("close", resolve);
    connection.addEventListener("message", (event) => {
      const [kind, data] = JSON.parse(event.data);
      if (kind === "setup") {
        begin(connection);
      } else if (kind === "stdout") {
        terminal.write(data);
      } else if (kind === "disconnect") {
        ended = true;
        connection.close();
      }
    });
  });
  socket = null;
  if (ended) {
    remember("");
  } else {
    tellTrouble("away");
  }
  return ended;
}

function begin(connection) {
  // The server sends again what the shell has shown: start from an empty screen.
  terminal.reset();
  socket = connection;
  retry.reset();
  fit.fit();
  send(["set_size", terminal.rows, terminal.cols, element.clientHeight, element.clientWidth]);
  hideNotice();
  terminal.focus();
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

async function shellName() {
  try {
    const running = await (await call("api/terminals")).json();
    const name = sessionStorage.getItem(REMEMBERED);
    if (running.some((shell) => shell.name === name)) return name;
    const response = await post("api/terminals");
    if (!response.ok) return null;
    const fresh = (await response.json()).name;
    remember(fresh);
    return fresh;
  } catch {
    return null;
  }
}

function remember(name) {
  sessionStorage.setItem(REMEMBERED, name);
}

function showEnded() {
  showNotice("You closed the terminal", "Your session is still running.", {
    busy: false,
    actions: [
      { label: "New terminal", run: () => window.location.reload() },
      ...(hubHome ? [{ label: "Hub home", href: hubHome }] : []),
    ],
  });
}

function tellTrouble(kind) {
  if (loggedOut) return;
  if (kind === "log-in") {
    tellLogOut();
    return;
  }
  const trouble = kind || "";
  document.body.classList.toggle("is-over", trouble === "over");
  const wanted = notice({ trouble, state: { end }, ended, isShown: false, wasShown: true }, {});
  showNotice(wanted.title, wanted.text, { busy: false, ...wanted });
}

/** Closes the shell's page, as its log-in has ended; opens it again where the hub still knows who asks. */
function tellLogOut() {
  if (loggedOut) return;
  loggedOut = true;
  panels.closeAll();
  socket?.close();
  openAgain();
}

async function openAgain() {
  showNotice("Opening your session again", "This takes a few seconds.");
  const trouble = await reopen();
  if (trouble === "over") {
    loggedOut = false;
    tellTrouble(trouble);
  } else if (trouble) {
    showNotice("You are logged out", stillRunning(end), {
      busy: false,
      actions: [{ label: "Log in again", run: () => window.location.reload(), isMain: true }],
    });
  }
}
