// The list of the newest liquidations.

import { $, make, set } from "./dom.js";
import * as f from "./format.js";

export const MOST = 100;
const BIG_USD = 100_000;
const HUGE_USD = 1_000_000;

let events = [];
let missed = 0;
const rows = new Map();

const key = (event) => `${event.exchange} ${event.id}`;
const cell = (className, text, title) => Object.assign(make("td", className, text), { title: title ?? "" });

function row(event) {
  const { side, notional_usd: usd } = event;
  const tr = make("tr", usd >= HUGE_USD ? "huge" : usd >= BIG_USD ? "big" : "");
  const late = event.received_ms - event.time_ms >= 60_000 ? " late" : "";
  const size = cell(`size ${side}`, f.usdExact(usd));
  size.style.setProperty("--part", Math.min(1, Math.max(0, Math.log10(usd / 100) / 4.5)));
  tr.append(
    cell("time", f.clock(event.time_ms) + late, f.moment(event.time_ms)),
    cell(`text ${side}`, f.sideLabel[side]),
    cell("text", event.instrument, `${event.base}, ${event.kind}`),
    size,
    cell("wide", `${f.amount(event.base_quantity)} ${event.base}`, `${event.base_quantity} ${event.base}`),
    cell("price", f.price(event.price), `${event.price_kind} price`),
    cell("text", event.exchange),
  );
  return tr;
}

function insert(event) {
  const name = key(event);
  if (rows.has(name)) return;
  const tr = row(event);
  rows.set(name, tr);
  events.unshift(event);
  $("live-rows").prepend(tr);
  if (events.length > MOST) {
    const old = key(events.pop());
    rows.get(old).remove();
    rows.delete(old);
  }
}

function markLargest() {
  let largest = null;
  for (const event of events) if (!largest || event.notional_usd > largest.notional_usd) largest = event;
  for (const [name, tr] of rows) tr.classList.toggle("largest", events.length > 1 && name === key(largest));
}

export function add(event) {
  insert(event);
  rows.get(key(event))?.classList.add("new");
  markLargest();
  explain("", false);
}

export function clear() {
  events = [];
  missed = 0;
  rows.clear();
  $("live-rows").replaceChildren();
}

export function replace(newest) {
  const since = events;
  clear();
  [...newest].reverse().forEach(insert);
  [...since].reverse().forEach(insert);
  markLargest();
}

export function lost(count) {
  missed += count;
}

export function explain(reason, filtered) {
  const empty = filtered ? `None that fits the filters yet. ${reason}` : `No liquidations yet. ${reason}`;
  const skipped = missed ? `${f.count(missed)} came too fast to be listed; every figure counts them.` : "";
  set($("live-note"), events.length ? skipped : empty);
}
