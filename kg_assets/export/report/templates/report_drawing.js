// The drawing of the graph: zoom, neighbours, details, search. No library; text from documents reaches the page
// by textContent only, never as markup.
"use strict";

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function quoteOf([source, start, end, text]) {
  const words = make("bdi", "", text);
  const where = make("footer", "", make("bdi", "", source), `, characters ${start.toLocaleString("en")} to ${end.toLocaleString("en")}`);
  return make("blockquote", "", words, where);
}

function drawing(map) {
  const svg = map.querySelector("svg");
  const view = svg.querySelector(".view");
  const about = map.querySelector(".about");
  const search = map.querySelector("input");
  const { nodes, edges } = JSON.parse(document.getElementById("drawing").textContent);
  const marks = [...svg.querySelectorAll(".mark")];
  const lines = [...svg.querySelectorAll(".line")];
  const hits = svg.querySelector(".hits");
  const spots = marks.map((mark) => {
    const [x, y] = mark.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
    return { x, y, r: Number(mark.querySelector("circle").getAttribute("r")) };
  });
  const touching = nodes.map(() => []);
  edges.forEach((edge, i) => { touching[edge.from].push(i); if (edge.to !== edge.from) touching[edge.to].push(i); });
  const byWeight = nodes.map((_, i) => i).sort((a, b) => touching[b].length - touching[a].length || a - b);
  const zoomed = { k: 1, x: 0, y: 0 };
  let chosen = null, lit = "";

  // Lines are too thin to hit: each gets a wide invisible twin.
  lines.forEach((line, i) => {
    const hit = line.cloneNode();
    hit.setAttribute("class", "hit");
    hit.removeAttribute("stroke-width");
    hit.dataset.drawn = `e${i}`;
    hits.append(hit);
  });
  marks.forEach((mark, i) => { mark.dataset.drawn = `n${i}`; });

  function scale() {
    const box = svg.getBoundingClientRect();
    return Math.min(box.width / 1000, box.height / 800) || 1;
  }

  // Circles grow slowly when zoomed, labels never do; so the closer, the more labels find room.
  function show() {
    const pixel = 1 / (scale() * zoomed.k);
    view.setAttribute("transform", `translate(${zoomed.x},${zoomed.y}) scale(${zoomed.k})`);
    const size = Math.min(Math.max(scale(), 0.62), 1) * Math.pow(zoomed.k, 0.3) * pixel;
    const box = svg.getBoundingClientRect();
    const left = -zoomed.x * scale() - (box.width - 1000 * scale()) / 2 + 3;
    const taken = [];
    const circles = spots.map(({ x, y, r }) => [x / pixel, y / pixel, (1.6 * r * size) / pixel, (1.6 * r * size) / pixel]);
    for (const i of byWeight) {
      const text = marks[i].querySelector("text");
      const ratio = pixel / size;
      marks[i].querySelector(".body").setAttribute("transform", `scale(${size})`);
      text.style.fontSize = `${12 * ratio}px`;
      text.style.strokeWidth = `${3.5 * ratio}px`;
      let wide = 4;
      for (const char of text.textContent) wide += char > "\u2e80" ? 12.4 : 6.6;
      const x = spots[i].x / pixel, y = spots[i].y / pixel, r = (spots[i].r * size) / pixel;
      // Below, above, right, left: the first place where the label covers no other label and no circle.
      const places = [[0, r + 9], [0, -r - 8], [r + 4 + wide / 2, 0], [-r - 4 - wide / 2, 0]];
      const free = places.find(([dx, dy]) => {
        const apart = ([a, b, w, h]) => Math.abs(a - x - dx) > (w + wide) / 2 || Math.abs(b - y - dy) > (h + 14) / 2;
        const inside = x + dx - wide / 2 > left && x + dx + wide / 2 < left + box.width - 6;
        return inside && taken.every(apart) && circles.every((circle, j) => j === i || apart(circle));
      });
      marks[i].classList.toggle("labelled", free !== undefined);
      const [dx, dy] = free || places[0];
      text.setAttribute("x", dx * ratio);
      text.setAttribute("y", (dy + 4) * ratio);
      if (free) taken.push([x + dx, y + dy, wide, 14]);
    }
  }

  function zoom(factor, cx = 500, cy = 400) {
    const k = Math.min(Math.max(zoomed.k * factor, 0.6), 12);
    zoomed.x = cx - ((cx - zoomed.x) * k) / zoomed.k;
    zoomed.y = cy - ((cy - zoomed.y) * k) / zoomed.k;
    zoomed.k = k;
    show();
  }

  function light(drawn) {
    const state = `${drawn} ${chosen}`;
    if (state === lit) return;
    lit = state;
    svg.classList.toggle("focus", drawn !== null);
    for (const element of [...marks, ...lines]) element.classList.remove("on", "chosen");
    if (drawn === null) return;
    const index = Number(drawn.slice(1));
    const edgesOn = drawn[0] === "e" ? [index] : touching[index];
    if (drawn[0] === "n") marks[index].classList.add("on");
    for (const i of edgesOn) {
      lines[i].classList.add("on");
      marks[edges[i].from].classList.add("on");
      marks[edges[i].to].classList.add("on");
    }
    if (drawn === chosen) (drawn[0] === "n" ? marks : lines)[index].classList.add("chosen");
  }

  function lossOf(item, className) {
    if (item.loss === null || item.loss === undefined) return make("p", "soft", "Not measured.");
    const meter = make("p", `meter ${className}`, make("span", "spot"), `loss ${item.loss.toFixed(2)}`);
    if (item.confidence !== undefined && item.confidence !== null) {
      const bar = make("i");
      bar.style.width = `${item.confidence * 100}%`;
      meter.append(make("span", "rail", bar), `${Math.round(item.confidence * 100)} % confidence`);
    }
    return meter;
  }

  function link(drawn, className, ...children) {
    const button = make("button", className, make("span", "spot"), ...children);
    button.type = "button";
    button.addEventListener("click", () => choose(drawn, true));
    return make("li", "", button);
  }

  function classOf(element) { return [...element.classList].find((name) => /^c-?\d$/.test(name)) || "c-1"; }

  function describe(drawn) {
    const index = Number(drawn.slice(1));
    const isNode = drawn[0] === "n";
    const item = isNode ? nodes[index] : edges[index];
    const parts = [];
    if (isNode) parts.push(make("h3", "", make("bdi", "", item.name)), make("span", "tag", item.type.replaceAll("_", " ")));
    else parts.push(make("h3", "", make("bdi", "", nodes[item.from].name), item.members ? "" : " → ", make("bdi", "", nodes[item.to].name)), ...(item.type ? [make("span", "tag", item.type)] : []));
    if ("loss" in item) parts.push(lossOf(item, classOf(isNode ? marks[index] : lines[index])));
    if (item.text) parts.push(make("p", "", make("bdi", "", item.text)));
    if (item.members) parts.push(make("h4", "", "Entities with most relations"), make("p", "", make("bdi", "", item.members.join(", "))));
    if (item.quotes && item.quotes.length) {
      parts.push(make("h4", "", "Evidence"), ...item.quotes.map(quoteOf));
      if (item.more) parts.push(make("p", "soft", `and ${item.more} more`));
    }
    const list = make("ul");
    if (isNode) {
      for (const i of touching[index]) {
        const other = edges[i].from === index ? edges[i].to : edges[i].from;
        const arrow = "members" in item ? "" : edges[i].from === index ? "→ " : "← ";
        list.append(link(`e${i}`, classOf(lines[i]), make("span", "", arrow, make("bdi", "", nodes[other].name))));
      }
      if (list.childElementCount) parts.push(make("h4", "", `${touching[index].length} ${"members" in item ? "neighbours" : "relations"}`));
    } else {
      parts.push(make("h4", "", "Between"));
      for (const i of new Set([item.from, item.to])) list.append(link(`n${i}`, classOf(marks[i]), make("bdi", "", nodes[i].name)));
    }
    about.replaceChildren(...parts, list);
  }

  // With nothing chosen: where to begin, the worst known first.
  const hello = about.firstElementChild;
  function begin() {
    const all = [...nodes.map((item, i) => [`n${i}`, item, marks[i]]), ...edges.map((item, i) => [`e${i}`, item, lines[i]])];
    const worst = all.filter(([, item]) => typeof item.loss === "number").sort((a, b) => b[1].loss - a[1].loss).slice(0, 9);
    const list = make("ul");
    for (const [drawn, item, shape] of worst) {
      const name = item.name ?? `${nodes[item.from].name} → ${nodes[item.to].name}`;
      list.append(link(drawn, classOf(shape), make("bdi", "", name)));
    }
    about.replaceChildren(hello, ...(worst.length ? [make("h4", "", "Worst known"), list] : []));
  }

  function choose(drawn, move) {
    chosen = drawn;
    light(drawn);
    if (drawn === null) { begin(); return; }
    describe(drawn);
    map.querySelector(".panel").scrollTop = 0;
    if (!move) return;
    const index = Number(drawn.slice(1));
    const ends = drawn[0] === "n" ? [spots[index]] : [spots[edges[index].from], spots[edges[index].to]];
    const x = ends.reduce((sum, spot) => sum + spot.x, 0) / ends.length;
    const y = ends.reduce((sum, spot) => sum + spot.y, 0) / ends.length;
    zoomed.k = Math.max(zoomed.k, nodes.length > 30 ? 1.8 : 1);
    zoomed.x = 500 - x * zoomed.k;
    zoomed.y = 400 - y * zoomed.k;
    show();
  }

  function find() {
    const wanted = search.value.trim().toLowerCase();
    if (!wanted) { if (chosen) describe(chosen); else begin(); return []; }
    const text = (node) => `${node.name} ${(node.members || []).join(" ")}`.toLowerCase();
    const found = byWeight.filter((i) => text(nodes[i]).includes(wanted)).slice(0, 12);
    const list = make("ul");
    for (const i of found) list.append(link(`n${i}`, classOf(marks[i]), make("bdi", "", nodes[i].name)));
    about.replaceChildren(found.length ? list : make("p", "soft", "Nothing of that name."));
    return found;
  }

  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { const [first] = find(); if (first !== undefined) choose(`n${first}`, true); }
    if (event.key === "Escape") { search.value = ""; find(); }
  });

  const at = (event) => {
    const box = svg.getBoundingClientRect(), s = scale();
    return [(event.clientX - box.left - box.width / 2) / s + 500, (event.clientY - box.top - box.height / 2) / s + 400];
  };
  const pointers = new Map();
  let travelled = 0, pressed = null;
  svg.addEventListener("pointerdown", (event) => {
    if (!pointers.size) { travelled = 0; pressed = event.target.closest("[data-drawn]"); }
    pointers.set(event.pointerId, at(event));
  });
  svg.addEventListener("pointermove", (event) => {
    const now = at(event), before = pointers.get(event.pointerId);
    if (!before) {
      const over = event.target.closest("[data-drawn]");
      light(over ? over.dataset.drawn : chosen);
      return;
    }
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    travelled += Math.hypot(now[0] - before[0], now[1] - before[1]) * scale();
    if (travelled > 4 && !svg.classList.contains("moving")) { svg.classList.add("moving"); svg.setPointerCapture(event.pointerId); }
    if (others.length) {
      const [ox, oy] = others[0];
      const was = Math.hypot(before[0] - ox, before[1] - oy), is = Math.hypot(now[0] - ox, now[1] - oy);
      if (was > 0) zoom(is / was, (now[0] + ox) / 2, (now[1] + oy) / 2);
    } else if (travelled > 4) {
      zoomed.x += now[0] - before[0];
      zoomed.y += now[1] - before[1];
      view.setAttribute("transform", `translate(${zoomed.x},${zoomed.y}) scale(${zoomed.k})`);
    }
    pointers.set(event.pointerId, now);
  });
  const release = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    svg.classList.remove("moving");
    if (event.type === "pointerup" && travelled <= 4) choose(pressed ? pressed.dataset.drawn : null, false);
  };
  svg.addEventListener("pointerup", release);
  svg.addEventListener("pointercancel", release);
  svg.addEventListener("pointerleave", () => { if (!pointers.size) light(chosen); });
  // The page keeps scrolling over the drawing until it was clicked into.
  document.addEventListener("pointerdown", (event) => svg.classList.toggle("active", map.contains(event.target)));
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && !svg.classList.contains("active")) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.006 : 0.0016)), ...at(event));
  }, { passive: false });
  map.querySelector(".tools").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (Number(button.dataset.zoom)) zoom(Number(button.dataset.zoom));
    else { Object.assign(zoomed, { k: 1, x: 0, y: 0 }); choose(null); show(); }
  });
  new ResizeObserver(show).observe(svg);
  show();
  begin();

  for (const button of document.querySelectorAll(".jump")) {
    button.hidden = false;
    button.addEventListener("click", () => { choose(button.dataset.drawn, true); map.scrollIntoView({ block: "center" }); });
  }
}
