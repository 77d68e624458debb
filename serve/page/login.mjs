// SPDX-License-Identifier: Apache-2.0
// A token becomes a session of this browser; then the page that was asked for.
import { byId, send } from "/site.mjs";

// Only a path of this service: "//elsewhere" would be another.
function wanted() {
  const to = new URL(new URLSearchParams(window.location.search).get("to") ?? "/", window.location.origin);
  return to.origin === window.location.origin && to.pathname !== "/login" ? to.pathname + to.search : "/";
}

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const status = byId("status");
  try {
    await send("POST", "/login", { token: byId("token").value.trim() });
    window.location.replace(wanted());
  } catch (error) {
    status.textContent = error.status === 401 ? "No token in use is that one." : error.message;
    status.hidden = false;
    byId("token").select();
  }
});
byId("token").focus();
