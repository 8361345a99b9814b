// Draws what rests on what between the nodes of a lineage, and lights up the lines of the one in hand.

const graph = document.querySelector(".levels");
const edges = JSON.parse(document.getElementById("edges").textContent);
const nodes = new Map([...graph.querySelectorAll("[data-key]")].map((node) => [node.dataset.key, node]));
const SVG = "http://www.w3.org/2000/svg";
const drawing = document.createElementNS(SVG, "svg");
drawing.setAttribute("aria-hidden", "true");
drawing.classList.add("edges");

function draw() {
  drawing.setAttribute("width", 0);
  drawing.setAttribute("width", graph.scrollWidth);
  drawing.setAttribute("height", graph.scrollHeight);
  drawing.replaceChildren();
  for (const [upper, lower] of edges) {
    const ends = [nodes.get(upper), nodes.get(lower)];
    if (ends.some((end) => !end)) continue;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", curve(...ends.map((end) => end.getBoundingClientRect())));
    path.classList.toggle("within", ends[0].parentElement === ends[1].parentElement);
    path.dataset.ends = `${upper} ${lower}`;
    drawing.append(path);
  }
}

function curve(a, b) {
  const origin = graph.getBoundingClientRect();
  const x = (value) => Math.round(value - origin.left + graph.scrollLeft);
  const y = (value) => Math.round(value - origin.top + graph.scrollTop);
  if (getComputedStyle(graph).flexDirection === "column") {
    const [top, bottom] = a.top < b.top ? [a, b] : [b, a];
    const [x1, y1, x2, y2] = [x(top.left + 12), y(top.bottom), x(bottom.left + 12), y(bottom.top)];
    return `M${x1},${y1} C${x1},${(y1 + y2) / 2} ${x2},${(y1 + y2) / 2} ${x2},${y2}`;
  }
  if (a.left === b.left) {
    const [start, y1, y2] = [x(a.left), y(a.top + a.height / 2), y(b.top + b.height / 2)];
    return `M${start},${y1} C${start - 20},${y1} ${start - 20},${y2} ${start},${y2}`;
  }
  const [left, right] = a.left < b.left ? [a, b] : [b, a];
  const [x1, y1] = [x(left.right), y(left.top + left.height / 2)];
  const [x2, y2] = [x(right.left), y(right.top + right.height / 2)];
  return `M${x1},${y1} C${(x1 + x2) / 2},${y1} ${(x1 + x2) / 2},${y2} ${x2},${y2}`;
}

function light(target) {
  const key = target?.closest("[data-key]")?.dataset.key;
  for (const path of drawing.children) path.classList.toggle("lit", Boolean(key) && path.dataset.ends.split(" ").includes(key));
}

graph.prepend(drawing);
graph.classList.add("drawn");
new ResizeObserver(draw).observe(graph);
for (const happening of ["pointerover", "focusin"]) graph.addEventListener(happening, (event) => light(event.target));
for (const happening of ["pointerleave", "focusout"]) graph.addEventListener(happening, () => light(null));
const [whole, current] = [graph, graph.querySelector(".current")].map((one) => one.getBoundingClientRect());
graph.scrollLeft = current.left - whole.left - (whole.width - current.width) / 2;
draw();
