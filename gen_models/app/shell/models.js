// The list of models: a row opens its card, which stands beside the list, or under it on a narrow screen.
LatentLab.modelList ??= (list, { props, trigger, watch }) => {
  const NARROW = 1000;

  function mark() {
    for (const row of list.querySelectorAll("button[data-model]"))
      row.setAttribute("aria-pressed", String(row.dataset.model === props.value));
  }

  list.addEventListener("click", (event) => {
    const row = event.target.closest("button[data-model]");
    if (!row) return;
    props.value = row.dataset.model;
    trigger("input");
    mark();
    if (window.innerWidth < NARROW) document.getElementById("models-card").scrollIntoView();
  });
  watch("value", mark);
  mark();
};
