// The library: hits open beside the list and in the address, filters apply at once, and the choice for an export is counted.
(() => {
  const { open, mark, narrow } = window.policyPages;
  const reading = document.getElementById("reading");
  const results = document.getElementById("results");
  const search = document.getElementById("search");

  const current = (anchor) => document.querySelectorAll(".hit").forEach((hit) => hit.classList.toggle("current", hit.dataset.anchor === anchor));

  document.addEventListener("located", (event) => {
    const { policy, anchor } = event.detail;
    const here = new URL(location.href);
    here.searchParams.set("policy", policy);
    here.searchParams.set("clause", anchor);
    if (here.href !== location.href) history.pushState(narrow() ? { reading: (history.state?.reading ?? 0) + 1 } : null, "", here);
    current(anchor);
  });

  function follow() {
    const anchor = new URLSearchParams(location.search).get("clause");
    if (anchor) open(document.getElementById("text").dataset.policy, anchor);
    else mark("");
    current(anchor);
  }
  window.addEventListener("popstate", follow);

  search.querySelectorAll("select").forEach((choice) =>
    choice.addEventListener("change", () => {
      // a chapter belongs to one policy
      if (choice.name === "policy") search.elements.chapter.value = "";
      search.requestSubmit();
    }),
  );
  search.addEventListener("submit", () => {
    // short addresses: what is not asked for is left out
    [...search.elements].forEach((field) => { if (field.name && field.name !== "q" && !field.value) field.disabled = true; });
  });
  // coming back, the filters are those of the address again, not what was last chosen
  window.addEventListener("pageshow", () => {
    [...search.elements].forEach((field) => { field.disabled = false; });
    search.querySelectorAll("select").forEach((choice) => {
      choice.selectedIndex = Math.max(0, [...choice.options].findIndex((option) => option.defaultSelected));
    });
  });

  // on a phone the text is what was asked for, not its outline
  if (narrow()) document.querySelector(".outline")?.removeAttribute("open");

  if (results) {
    const boxes = [...results.querySelectorAll("input[name=clause]")];
    const all = document.getElementById("all");
    const chosen = results.querySelector(".chosen");
    const count = () => {
      const picked = boxes.filter((box) => box.checked).length;
      if (all) all.checked = picked === boxes.length;
      if (chosen) chosen.textContent = chosen.dataset.words.replace("{}", picked);
      results.querySelectorAll(".export button").forEach((button) => { button.disabled = !picked; });
    };
    all?.addEventListener("change", () => {
      boxes.forEach((box) => { box.checked = all.checked; });
      count();
    });
    results.addEventListener("change", count);
    count();
  }

  if (reading.dataset.clause) open(document.getElementById("text").dataset.policy, reading.dataset.clause, true);
})();
