// The class link: an address and its QR code, for a projector.
import { get } from "./api.js";

const dialog = document.getElementById("link");
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
    // As a picture: an SVG that is part of the page could hold scripts.
    qr.src = `data:image/svg+xml,${encodeURIComponent(link.qr_svg)}`;
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

export function setUpLink() {
  copy.addEventListener("click", copyLink);
  large.addEventListener("click", () =>
    document.fullscreenElement ? document.exitFullscreen() : dialog.requestFullscreen().catch(() => dialog.classList.toggle("large")),
  );
  dialog.addEventListener("fullscreenchange", () => {
    const full = document.fullscreenElement === dialog;
    dialog.classList.toggle("large", full);
    large.textContent = full ? "Small again" : "Full screen";
  });
  dialog.addEventListener("close", () => {
    if (document.fullscreenElement === dialog) {
      document.exitFullscreen();
    }
    dialog.classList.remove("large");
  });
}
