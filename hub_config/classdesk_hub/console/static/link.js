// The class link: an address and its QR code, for a projector.
import { get } from "./api.js";

const dialog = document.getElementById("link");
const sheet = dialog.querySelector("form");
const qr = document.getElementById("link-qr");
const url = document.getElementById("link-url");
const copy = document.getElementById("link-copy");
const large = document.getElementById("link-large");
const trouble = dialog.querySelector(".trouble");

/** Opens the dialog with the link as the service makes it now. */
export async function showLink() {
  dialog.showModal();
  trouble.hidden = true;
  try {
    const link = await get("link");
    url.textContent = link.url;
    qr.hidden = !link.qr_svg;
    for (const [kind, hide] of [
      ["scan", qr.hidden],
      ["here", !qr.hidden],
    ]) {
      for (const words of dialog.querySelectorAll(`.link-${kind}`)) {
        words.hidden = hide;
      }
    }
    if (link.qr_svg) {
      // As a picture: an SVG that is part of the page could hold scripts.
      qr.src = `data:image/svg+xml,${encodeURIComponent(link.qr_svg)}`;
    }
  } catch (error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
  }
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(url.textContent);
    copy.textContent = "Copied";
  } catch {
    // Without https there is no clipboard for pages: the text is selected, for Ctrl+C.
    getSelection().selectAllChildren(url);
    copy.textContent = "Press Ctrl+C";
  }
  setTimeout(() => (copy.textContent = "Copy the link"), 3000);
}

function show(full) {
  dialog.classList.toggle("large", full);
  large.textContent = full ? "Small again" : "Full screen";
}

async function toggleLarge() {
  if (document.fullscreenElement) {
    await document.exitFullscreen();
    return;
  }
  try {
    await sheet.requestFullscreen(); // a dialog itself may not
  } catch {
    show(!dialog.classList.contains("large")); // as large as the window, then
  }
}

export function setUpLink() {
  copy.addEventListener("click", copyLink);
  large.addEventListener("click", toggleLarge);
  sheet.addEventListener("fullscreenchange", () => show(document.fullscreenElement === sheet));
  dialog.addEventListener("close", () => {
    if (document.fullscreenElement) {
      document.exitFullscreen();
    }
    show(false);
  });
}
