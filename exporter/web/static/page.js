// The landing page: one event stream keeps it current; the choices live in the address, so that a view can be kept.

import * as cascades from "./cascades.js";
import * as chart from "./chart.js";
import { $, buttons, options, set } from "./dom.js";
import * as f from "./format.js";
import * as live from "./live.js";
import * as tables from "./tables.js";

const STALE_MS = 5000;
const MINUTES_MS = 5000;
const BASES_MS = 15_000;
const RETRY_MS = 5000;
const SIZES = [1e3, 5e3, 1e4, 2.5e4, 5e4, 1e5, 2.5e5, 1e6];
const FILTERS = ["base", "side", "exchange", "min_usd"];

const chosen = { coin: "", window: "24h", base: "", side: "", exchange: "", min_usd: "" };
const known = { overview: null, bases: null, minutes: null, gaps: [] };
let source = null;
let heard = 0; // when the exporter last said something, by this machine's clock
let skew = 0; // the exporter's clock less this machine's

const now = () => Date.now() + skew;
const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();
const filters = () => Object.fromEntries(FILTERS.map((name) => [name, chosen[name]]));

async function ask(path, values) {
  const answer = await fetch(`/api/v1/${path}?${query(values)}`);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.reason);
  return body;
}

function open() {
  source?.close();
  const mine = new EventSource(`/api/v1/stream?${query({ ...filters(), stats: chosen.coin, window: chosen.window })}`);
  source = mine;
  const on = (name, handle) => mine.addEventListener(name, ({ data }) => mine === source && handle(JSON.parse(data)));
  mine.onopen = () => newest();
  mine.onerror = () => {
    if (mine.readyState === EventSource.CLOSED) setTimeout(() => mine === source && open(), RETRY_MS);
  };
  on("stats", (overview) => {
    heard = Date.now();
    skew = overview.process.now_ms - heard;
    const first = !known.overview;
    known.overview = overview;
    render();
    if (first) drawChart();
  });
  on("liquidation", live.add);
  on("lost", ({ events }) => live.lost(events));
}

async function newest() {
  const asked = query(filters());
  const { events } = await ask("events", { ...filters(), limit: live.MOST });
  if (asked === query(filters())) live.replace(events);
  render();
}

async function minutes() {
  const coin = chosen.coin;
  const [data, { exchanges }] = await Promise.all([ask("minutes", { base: coin }), ask("exchanges", {})]);
  if (coin !== chosen.coin) return;
  known.minutes = data;
  known.gaps = exchanges.flatMap(({ title, gaps }) =>
    gaps.map(({ since_ms, until_ms }) => ({ title, since_ms, until_ms: until_ms ?? Infinity })),
  );
  drawChart();
}

async function bases() {
  const { window } = chosen;
  const answer = await ask("bases", { window });
  if (window === chosen.window) known.bases = answer;
  render();
}

// The spans of which nothing is known: gaps, feeds that are not live now, and the time before the first start.
function unwatched({ process, exchanges, stats }) {
  const down = exchanges.filter((each) => each.state !== "live");
  const begin = Math.min(stats.first_ms ?? Infinity, process.started_ms);
  return [
    ...known.gaps,
    ...down.map(({ title, since_ms }) => ({ title, since_ms: since_ms || process.started_ms, until_ms: Infinity })),
    { title: "Everything", since_ms: 0, until_ms: begin },
  ];
}

function drawChart() {
  const { minutes: data, overview } = known;
  if (!data || !overview) return;
  const partly = chart.draw(data, unwatched(overview));
  const sums = data.long.usd.map((usd, index) => usd + data.short.usd[index]);
  const peak = Math.max(...sums);
  const at = f.minute(data.since_ms + sums.indexOf(peak) * 60_000);
  const legend = peak ? `▲ shorts ▼ longs · peak ${f.usd(peak)} at ${at}` : "no liquidations";
  set($("peak"), legend + (partly ? " · ▨ not watched" : ""));
}

function render() {
  const { overview } = known;
  const main = known.bases?.main ?? [];
  const first = [...main].sort((a, b) => (b === "BTC") - (a === "BTC"));
  const others = (known.bases?.bases ?? []).filter((each) => !main.includes(each.base));
  buttons($("coins"), [["", "All coins"], ...first.map((base) => [base, base])], chosen.coin);
  const windows = Object.keys(f.WINDOWS).map((name) => [name, name === "all" ? "All time" : name]);
  buttons($("windows"), windows, chosen.window);
  const names = others.map((each) => each.base).sort();
  if (chosen.coin && !main.includes(chosen.coin) && !names.includes(chosen.coin)) names.unshift(chosen.coin);
  $("more-coins").hidden = !names.length;
  $("more-coins").classList.toggle("pressed", names.includes(chosen.coin));
  options($("more-coins"), [["", `${names.length} more coins`], ...names.map((base) => [base, base])], chosen.coin);
  filterChoices([...first, ...names]);
  subjects();
  if (known.bases) tables.topCoins(known.bases, chosen.coin);
  if (!overview) return;
  tables.header(overview, now());
  tables.sentiment(overview);
  tables.totals(overview, chosen.coin, chosen.window);
  tables.exchanges(overview, chosen.coin, now());
  tables.sides(overview, chosen.coin);
  cascades.show(overview.cascades, chosen.coin);
  live.explain(tables.why(overview, now()), FILTERS.some((name) => chosen[name]));
}

function filterChoices(coins) {
  const exchanges = (known.overview?.exchanges ?? []).map((each) => [each.exchange, each.title]);
  const sizes = SIZES.map((value) => [String(value), "≥ " + f.usdExact(value)]);
  const choices = {
    base: [["", "all coins"], ...coins.map((base) => [base, base])],
    side: [["", "both sides"], ["long", "longs"], ["short", "shorts"]],
    exchange: [["", "all exchanges"], ...exchanges],
    min_usd: [["", "any size"], ...sizes],
  };
  for (const name of FILTERS) options($("filters").elements[name], choices[name], chosen[name]);
}

function subjects() {
  const coin = chosen.coin || "all coins";
  const window = f.inWindow(chosen.window);
  document.querySelectorAll(".subject").forEach((each) => set(each, `${coin}, ${window}`));
  document.querySelectorAll(".coin-subject").forEach((each) => set(each, coin));
  document.querySelectorAll(".window-subject").forEach((each) => set(each, window));
}

function tick() {
  const stale = heard > 0 && Date.now() - heard > STALE_MS;
  const waiting = source?.readyState === EventSource.OPEN ? "live" : "reconnecting";
  tables.state($("link"), heard ? (stale ? "CUT OFF" : waiting) : "connecting", stale);
  set($("clock"), f.clock(now()));
  document.body.classList.toggle("stale", stale);
  for (const id of stale ? ["feeds", "journal"] : []) tables.state($(id), "unknown", true);
  const { overview } = known;
  const list = overview ? tables.troubles(overview, now()) : [];
  const cut = `No answer from the exporter since ${f.moment(heard + skew)}: the figures are of then.`;
  if (stale) list.unshift({ bad: true, text: cut });
  tables.notices(list);
  if (!overview) return;
  const { total, balance } = overview.windows["1h"];
  const mark = list.some((each) => each.bad) ? "⚠ " : "";
  document.title = `${mark}${f.usd(total.usd)} 1h, ${f.percent(balance.usd.long_share)} long · Liquidations`;
}

function choose(changes) {
  Object.assign(chosen, changes);
  history.replaceState(null, "", "#" + query(chosen));
  render();
  if (FILTERS.some((name) => name in changes)) live.clear();
  open();
  if ("coin" in changes) poll(minutes);
  if ("window" in changes) poll(bases);
}

// A poll that fails leaves what is shown; the stream tells when the exporter is gone.
const poll = (load) => document.hidden || load().catch((error) => console.warn(error.message));

function begin() {
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) if (name in chosen) chosen[name] = value;
  if (!(chosen.window in f.WINDOWS)) chosen.window = "24h";
  $("coins").addEventListener("click", ({ target }) => target.value !== undefined && choose({ coin: target.value }));
  $("windows").addEventListener("click", ({ target }) => target.value && choose({ window: target.value }));
  $("more-coins").addEventListener("change", ({ target }) => choose({ coin: target.value }));
  $("filters").addEventListener("change", ({ target }) => choose({ [target.name]: target.value }));
  document.addEventListener("click", ({ target }) => target.dataset?.base && choose({ coin: target.dataset.base }));
  chart.listen();
  render();
  open();
  for (const [load, every] of [[minutes, MINUTES_MS], [bases, BASES_MS]]) {
    poll(load);
    setInterval(() => poll(load), every);
  }
  setInterval(tick, 1000);
}

begin();
