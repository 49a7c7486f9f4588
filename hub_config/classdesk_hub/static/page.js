// What all pages of the hub do: say errors, say times in the browser's own zone, and go on by themselves.
import { byOwnClock } from "../spawner/moments.js";

export function sayTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const said = time.textContent;
    time.textContent = byOwnClock(said, { [said]: Date.parse(time.dateTime) / 1000 });
  }
}

sayTimes(document);

// Screen readers say an alert that is there from the beginning only when it gets the focus.
document.querySelector("[data-focus]")?.focus();

const again = document.querySelector("[data-again]");
if (again) {
  setTimeout(() => window.location.reload(), Number(again.dataset.again));
}

const show = document.getElementById("show-password");
show?.addEventListener("click", () => {
  const field = document.getElementById("password_input");
  const hidden = field.type === "password";
  field.type = hidden ? "text" : "password";
  show.textContent = hidden ? "Hide" : "Show";
  show.setAttribute("aria-pressed", String(hidden));
});

// A page that the browser has kept shows what was; what is may be another.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    window.location.reload();
  }
});
