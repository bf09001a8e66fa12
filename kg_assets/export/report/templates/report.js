// The table of facts, the navigation, and what starts all of it. Comes after report_drawing.js, in one script.
function factTable(table) {
  const controls = document.getElementById("fact-controls");
  const more = document.getElementById("more-facts");
  const status = controls.querySelector("[role=status]");
  const rows = [...table.tBodies[0].rows];
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const levels = { easy: 1, medium: 2, hard: 3 };
  const STEP = 25;
  let limit = STEP;
  const value = {
    name: (row) => row.dataset.name,
    loss: (row) => (row.dataset.loss === "" ? null : Number(row.dataset.loss)),
    confidence: (row) => (row.dataset.confidence === "" ? null : Number(row.dataset.confidence)),
    difficulty: (row) => levels[row.dataset.difficulty] ?? null,
    documents: (row) => Number(row.dataset.documents),
  };

  function show() {
    const wanted = controls.querySelector("input").value.trim().toLowerCase();
    const [kind, difficulty] = [...controls.querySelectorAll("select")].map((select) => select.value);
    const kept = rows.filter((row) =>
      words.get(row).includes(wanted) && (!kind || row.dataset.kind === kind) && (!difficulty || row.dataset.difficulty === difficulty));
    const shown = new Set(kept.slice(0, limit));
    for (const row of rows) row.hidden = !shown.has(row);
    more.hidden = kept.length <= limit;
    status.textContent = `${shown.size.toLocaleString("en")} of ${kept.length.toLocaleString("en")} shown`;
  }

  // What was not measured stands last in either direction.
  function sort(header) {
    const key = value[header.dataset.key];
    const before = header.getAttribute("aria-sort");
    const up = before ? before === "descending" : header.dataset.key === "name";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const sign = up ? 1 : -1;
    rows.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
    });
    table.tBodies[0].append(...rows);
    show();
  }

  for (const header of table.tHead.rows[0].cells) {
    const button = make("button", "", ...header.childNodes);
    button.type = "button";
    button.addEventListener("click", () => sort(header));
    header.append(button);
  }
  controls.hidden = false;
  controls.addEventListener("input", () => { limit = STEP; show(); });
  more.addEventListener("click", () => { limit += 4 * STEP; show(); });
  show();
}

function navigation() {
  const links = [...document.querySelectorAll("nav a")];
  const sections = links.map((a) => document.querySelector(a.getAttribute("href")));
  const mark = () => {
    const here = sections.findLastIndex((section) => section.getBoundingClientRect().top < 140);
    links.forEach((a, i) => a.classList.toggle("here", i === here));
  };
  document.addEventListener("scroll", mark, { passive: true });
  mark();
}

const map = document.getElementById("map");
if (map) drawing(map);
const table = document.getElementById("facts");
if (table) factTable(table);
navigation();
