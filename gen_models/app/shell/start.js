// Copies the entry for a bibliography.
LatentLab.copyEntry ??= (part) => {
  const said = part.querySelector("[role=status]");
  part.querySelector("button").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(part.querySelector("code").textContent);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "Select the entry above and copy it.";
    }
  });
};
