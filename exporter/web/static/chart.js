// The chart of the last hour: shorts upwards, longs downwards, and a hatched strip where a feed was not live.

import { $, make } from "./dom.js";
import { count, minute, sideLabel, usd } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 46;
const BOTTOM = 26;
const TOP = 6;

let shown = null;

function shape(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

function nice(value) {
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => step * size >= value) * size;
}

// `data` is the answer of /api/v1/minutes; `unknown` are {title, since_ms, until_ms}: spans that were not watched.
// Returns whether any of them is in sight.
export function draw(data, unknown) {
  shown = { data, unknown };
  const svg = $("chart").querySelector("svg");
  const { clientWidth: width, clientHeight: height } = svg;
  if (!width) return false;
  const step = (width - LEFT) / data.minutes;
  const middle = (height - BOTTOM + TOP) / 2;
  const reach = middle - TOP;
  const largest = Math.max(...data.long.usd, ...data.short.usd);
  const top = nice(largest || 1);
  const parts = [hatch()];
  let partly = false;
  for (const [share, side] of [[1, -1], [0.5, -1], [0, 1], [0.5, 1], [1, 1]]) {
    const y = Math.round(middle + side * share * reach) + 0.5;
    parts.push(shape("line", { x1: LEFT, x2: width, y1: y, y2: y, class: share ? "grid" : "zero" }));
    const labelled = share === 0 || (share === 1 && largest > 0);
    if (labelled) parts.push(shape("text", { x: LEFT - 6, y: y + 4, class: "end" }, usd(share * top)));
  }
  for (let i = 0; i < data.minutes; i++) {
    const x = LEFT + i * step;
    const at = data.since_ms + i * 60_000;
    const bar = { x: x + step * 0.12, width: step * 0.76 };
    const up = (data.short.usd[i] / top) * reach;
    const down = (data.long.usd[i] / top) * reach;
    if (up) parts.push(shape("rect", { ...bar, y: middle - Math.max(up, 1), height: Math.max(up, 1), class: "short" }));
    if (down) parts.push(shape("rect", { ...bar, y: middle + 1, height: Math.max(down, 1), class: "long" }));
    if (missing(at, unknown).length) {
      partly = true;
      parts.push(shape("rect", { x, width: step, y: height - BOTTOM + 4, height: 6, class: "unknown" }));
    }
    if (new Date(at).getUTCMinutes() % 10 === 0) {
      parts.push(shape("line", { x1: x, x2: x, y1: height - BOTTOM, y2: height - BOTTOM + 3, class: "zero" }));
      parts.push(shape("text", { x: Math.min(Math.max(x, LEFT + 14), width - 14), y: height - 2 }, minute(at)));
    }
  }
  svg.replaceChildren(...parts);
  svg.setAttribute("aria-label", `Liquidations per minute, ${summary(data)}`);
  return partly;
}

function hatch() {
  const pattern = shape("pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse" });
  pattern.append(shape("path", { d: "M-1 6L6 -1" }));
  return pattern;
}

function missing(at, unknown) {
  const meets = (each) => each.since_ms < at + 60_000 && each.until_ms > at;
  return [...new Set(unknown.filter(meets).map((each) => each.title))];
}

function summary(data) {
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  return `longs ${usd(sum(data.long.usd))}, shorts ${usd(sum(data.short.usd))}`;
}

function point(event) {
  const box = $("chart").getBoundingClientRect();
  const tip = $("tip");
  const data = shown?.data;
  const index = data ? Math.floor(((event.clientX - box.left - LEFT) / (box.width - LEFT)) * data.minutes) : -1;
  tip.hidden = index < 0 || index >= (data?.minutes ?? 0);
  if (tip.hidden) return;
  const at = data.since_ms + index * 60_000;
  const lines = ["short", "long"].map((side) => {
    const { usd: sums, events } = data[side];
    return make("div", side, `${sideLabel[side]} ${usd(sums[index])} (${count(events[index])})`);
  });
  const absent = missing(at, shown.unknown).map((title) => make("div", "", `${title}: not watched for all of it`));
  tip.replaceChildren(make("b", "", `${minute(at)} UTC`), ...lines, ...absent);
  const x = event.clientX - box.left;
  tip.style.left = `${Math.min(Math.max(0, x - tip.offsetWidth / 2), box.width - tip.offsetWidth)}px`;
}

export function listen() {
  const chart = $("chart");
  chart.addEventListener("pointermove", point);
  chart.addEventListener("pointerleave", () => ($("tip").hidden = true));
  new ResizeObserver(() => shown && draw(shown.data, shown.unknown)).observe(chart);
}
