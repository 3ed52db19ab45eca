// The list of models: a row opens its card, which stands beside the list, or under it on a narrow screen.
LatentLab.modelList ??= (list, { props, trigger, watch }) => {
  const NARROW = 1000;
  const [PATH, NAME] = ["models", "card"]; // of its address: #models?card=...

  const first = props.value;
  const rows = () => [...list.querySelectorAll("button[data-model]")];

  function mark() {
    for (const row of rows()) row.setAttribute("aria-pressed", String(row.dataset.model === props.value));
  }

  function open(name) {
    props.value = name;
    trigger("input");
    mark();
    LatentLab.address.note(PATH, NAME, name);
  }

  function reveal() {
    if (window.innerWidth < NARROW) document.getElementById("models-card").scrollIntoView();
  }

  list.addEventListener("click", (event) => {
    const row = event.target.closest("button[data-model]");
    if (!row) return;
    open(row.dataset.model);
    reveal();
  });
  watch("value", mark);
  mark();

  const control = {
    root: list,
    get value() {
      return props.value;
    },
    toAddress: (name) => name,
    restore(name) {
      const isThere = rows().some((row) => row.dataset.model === name);
      if (!isThere || name === props.value) return isThere;
      open(name);
      if (name !== first) reveal(); // the first is where the page is at rest
      return true;
    },
  };
  LatentLab.address.register(control, NAME, PATH);
};
