// The library: hits open beside the list and in the address, filters apply at once, and the choice for an export is counted.
(() => {
  const { choose, open, mark, narrow } = window.policyPages;
  const reading = document.getElementById("reading");
  const results = document.getElementById("results");
  const search = document.getElementById("search");

  const scope = document.querySelector("details.scope");
  const first = document.getElementById("text").dataset.policy;

  function current(policy, anchor) {
    document.querySelectorAll(".hit").forEach((hit) => hit.classList.toggle("current", hit.dataset.policy === policy && hit.dataset.anchor === anchor));
  }

  // the policy whose text an address shows: the one it names as open, else the only one that is searched
  function beside(query) {
    const searched = query.getAll("policy");
    return query.get("open") ?? (searched.length === 1 ? searched[0] : first);
  }

  document.addEventListener("located", (event) => {
    const { policy, anchor } = event.detail;
    const here = new URL(location.href);
    if (!scope) here.searchParams.set("policy", policy);
    here.searchParams.delete("open");
    here.searchParams.set("clause", anchor);
    const searched = here.searchParams.getAll("policy");
    if (searched.length !== 1 || searched[0] !== policy) here.searchParams.set("open", policy);
    if (here.href !== location.href) history.pushState(narrow() ? { reading: (history.state?.reading ?? 0) + 1 } : null, "", here);
    current(policy, anchor);
  });

  async function follow() {
    const query = new URLSearchParams(location.search);
    const anchor = query.get("clause");
    await open(beside(query), anchor);
    if (!anchor) mark("");
    current(beside(query), anchor);
  }
  window.addEventListener("popstate", follow);

  search.querySelectorAll("select").forEach((choice) => choice.addEventListener("change", () => search.requestSubmit()));

  // policies are chosen one after the other; they are searched when their list is closed
  let rescoped = false;
  document.addEventListener("scoped", () => {
    rescoped = true;
    if (search.elements.chapter) search.elements.chapter.value = ""; // a chapter belongs to one policy
  });
  scope?.addEventListener("toggle", () => { if (!scope.open && rescoped) search.requestSubmit(); });
  search.addEventListener("submit", () => {
    // short addresses: what is not asked for is left out
    [...search.elements].forEach((field) => { if (field.name && field.name !== "q" && !field.value) field.disabled = true; });
  });
  // coming back, the filters are those of the address again, not what was last chosen
  window.addEventListener("pageshow", () => {
    [...search.elements].forEach((field) => { field.disabled = false; });
    choose([...search.querySelectorAll("[name=policy][checked]")].map((box) => box.value));
    rescoped = false;
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
