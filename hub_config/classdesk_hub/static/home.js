// The home page: ends the session after one question, and tells why where it does not.
const home = document.getElementById("classdesk-home");
const dialog = document.getElementById("classdesk-end-dialog");
const confirm = document.getElementById("classdesk-end-confirm");
const said = document.getElementById("classdesk-end-said");

document.getElementById("classdesk-end")?.addEventListener("click", () => dialog.showModal());
confirm?.addEventListener("click", async () => {
  confirm.disabled = true;
  said.hidden = true;
  try {
    const answer = await fetch(home.dataset.serverUrl, {
      method: "DELETE",
      headers: { "X-XSRFToken": window.jhdata.xsrf_token },
    });
    if (!answer.ok && answer.status !== 404) {
      throw new Error((await answer.json().catch(() => ({}))).message || "The hub did not end it.");
    }
    window.location.reload();
  } catch (error) {
    said.textContent = `${error.message} Try again in a moment.`;
    said.hidden = false;
    confirm.disabled = false;
  }
});
