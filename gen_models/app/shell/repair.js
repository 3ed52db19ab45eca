// What Gradio 6.31 leaves out for those who use a keyboard or a screen reader: names of image buttons, a way into code
// that scrolls; and what it says twice: the icons of the footer. axe-core finds them.
(() => {
  "use strict";
  if (LatentLab.repair) return;

  const LOOK_MS = 300;

  function repair() {
    for (const button of document.querySelectorAll(".image-container button:not([aria-label])"))
      button.setAttribute("aria-label", button.querySelector("img")?.alt || "Image");
    for (const icon of document.querySelectorAll("footer button img:not([alt=''])")) icon.alt = "";
    for (const code of document.querySelectorAll(".prose pre:not([tabindex])")) code.tabIndex = 0;
  }

  // At most once in a while, however much changes meanwhile.
  LatentLab.repair = new MutationObserver(() => {
    LatentLab.repair.disconnect();
    setTimeout(() => {
      repair();
      observe();
    }, LOOK_MS);
  });
  const observe = () => LatentLab.repair.observe(document.documentElement, { childList: true, subtree: true });
  observe();
})();
