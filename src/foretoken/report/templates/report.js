"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // A title inside a mark becomes our tooltip (at once, also on touch) and its accessible name.
  for (const title of all("svg title")) {
    const mark = title.parentNode;
    mark.setAttribute("data-tip", title.textContent);
    mark.setAttribute("aria-label", title.textContent);
    title.remove();
  }
  for (const cell of all(".half[title]")) {
    cell.dataset.tip = cell.title;
    cell.removeAttribute("title");
  }
  const tip = document.getElementById("tip");
  const show = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, x - box.width / 2), root.clientWidth - box.width - 8);
    const above = y - box.height - 14;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 4 ? above : y + 20}px`;
  };
  const light = (type) => {
    for (const element of all("li[data-type], tr[data-type]")) {
      element.classList.toggle("lit", type !== null && element.dataset.type === type);
    }
  };
  document.addEventListener("pointermove", (event) => {
    const marked = event.target.closest?.("[data-tip]");
    if (marked) show(marked.dataset.tip, event.clientX, event.clientY);
    else tip.hidden = true;
  });
  document.addEventListener("pointerover", (event) => {
    light(event.target.closest?.("[data-type]:not(.card)")?.dataset.type ?? null);
  });
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });

  for (const toggle of all("button[data-toggle]")) {
    toggle.addEventListener("click", () => {
      const shown = toggle.getAttribute("aria-pressed") !== "true";
      toggle.setAttribute("aria-pressed", String(shown));
      toggle.closest(".figure").querySelector(".panels").classList.toggle(`hide-${toggle.dataset.toggle}`, !shown);
    });
  }

  for (const block of all(".numbers")) {
    const body = block.querySelector("tbody");
    const heads = all("thead th", block);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const rising = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        const key = (row) => {
          const cell = row.cells[column];
          return "v" in cell.dataset ? Number(cell.dataset.v.replace("inf", "Infinity")) : cell.textContent;
        };
        const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0) * (rising ? 1 : -1);
        body.append(...[...body.rows].sort((a, b) => order(key(a), key(b))));
      });
    });
    const inputs = all("[data-filter]", block);
    const filter = () => {
      const wanted = Object.fromEntries(inputs.map((input) => [input.dataset.filter, input.value.trim().toLowerCase()]));
      let shown = 0;
      for (const row of body.rows) {
        const fits = row.cells[0].textContent.toLowerCase().includes((wanted.type ?? "").replaceAll("_", " "))
          && (!wanted.source || row.dataset.source.toLowerCase() === wanted.source);
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      block.querySelector(".shown").textContent = `${shown} rows`;
    };
    inputs.forEach((input) => input.addEventListener("input", filter));
  }
  addEventListener("beforeprint", () => all("details.alternative, .more").forEach((each) => { each.open = true; }));
})();
