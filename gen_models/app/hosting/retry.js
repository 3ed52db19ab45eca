// An event that finds the server's queue full is sent again by itself. Gradio would show an error and leave it at that.
(() => {
  "use strict";
  if (window.LatentLabRetry) return;
  window.LatentLabRetry = true;

  const BUSY = "The server is busy. This will be done as soon as there is room; there is nothing to press again.";
  const FULL = 503;
  const RETRY_MS = 1_000;
  const RETRIES = 30;

  const send = window.fetch.bind(window);
  const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let waiting = 0;
  let note;

  // Said once for all events that wait.
  function say(change) {
    waiting += change;
    if (!note) {
      note = document.createElement("p");
      note.className = "ll-busy";
      note.setAttribute("role", "status");
      document.body.append(note);
    }
    note.textContent = waiting ? BUSY : "";
  }

  window.fetch = async (resource, options) => {
    let answer = await send(resource, options);
    const { pathname } = new URL(resource.url ?? resource, location.href);
    if (answer.status !== FULL || !pathname.endsWith("/gradio_api/queue/join")) return answer;
    say(+1);
    try {
      // Not all at the same moment: whoever was refused together would come back together.
      for (let i = 0; i < RETRIES && answer.status === FULL; i++) {
        await after(RETRY_MS * (0.5 + Math.random()));
        answer = await send(resource, options);
      }
    } finally {
      say(-1);
    }
    return answer;
  };
})();
