// The figures of the overview: header, notices, sentiment, totals, exchanges, sides, coins. The cells of class `wide`
// are left out on a phone, `extra` on a small screen already.

import { $, fill, make, set } from "./dom.js";
import * as f from "./format.js";

const WIDE = "wide";
const head = (...names) => names.filter((name) => name !== null);
const wide = (text) => ({ text, class: WIDE });
const extra = (text) => ({ text, class: "extra" });
const shareBar = (share) => ({ text: f.percent(share), class: Number.isFinite(share) ? "bar" : "", part: share ?? 0 });
const exact = (value, cell = f.usd(value)) => ({ text: cell, title: f.usdExact(value) });
// A star stands where figures are compared and an exchange does not say that it publishes every liquidation.
const marked = (each) => each.title + (each.completeness && each.completeness !== "full" ? "*" : "");
const wideExact = (value) => ({ ...exact(value), class: WIDE });

export function header({ process, exchanges }, now) {
  const live = exchanges.filter((each) => each.state === "live").length;
  const journal = process.journal;
  set($("version"), process.version);
  state($("feeds"), `${live} of ${exchanges.length} live`, live < exchanges.length);
  state($("journal"), journal.up ? "writing" : "FAILING", !journal.up);
  set($("uptime"), f.span((now - process.started_ms) / 1000));
}

export function state(element, text, bad) {
  set(element, text);
  element.classList.toggle("bad", bad);
}

// Exchanges that are in the same trouble share a sentence.
function blind(exchanges, now) {
  const groups = new Map();
  for (const each of exchanges.filter(({ state: at }) => at !== "live")) {
    const key = `${each.state} ${each.starting} ${each.reason}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((group) => {
    const [{ state: at, starting, reason }] = group;
    const since = Math.min(...group.map((each) => each.since_ms).filter(Boolean));
    const names = `${group.map((each) => each.title).join(", ")} ${group.length > 1 ? "are" : "is"}`;
    const lasting = Number.isFinite(since) ? ` for ${f.span((now - since) / 1000)}` : "";
    const effect = starting ? "" : " What is liquidated there meanwhile is not in these figures.";
    return { bad: !starting, text: `${names} ${f.STATES[at]}${lasting}${reason ? `: ${reason}` : ""}.${effect}` };
  });
}

// What keeps the figures from being whole, the worst first.
export function troubles({ process, exchanges }, now) {
  const { journal } = process;
  const found = blind(exchanges, now);
  if (!exchanges.length) found.push({ bad: true, text: "No exchange is being listened to." });
  if (!journal.up) {
    const lost = journal.dropped_events ? `, ${f.count(journal.dropped_events)} are lost` : "";
    const waiting = `${f.count(journal.queued_events)} events wait${lost}, and the figures stand still`;
    found.unshift({ bad: true, text: `The journal fails (${journal.error}): ${waiting}.` });
  }
  return found;
}

export function notices(list) {
  const box = $("notices");
  const key = JSON.stringify(list);
  if (box.key === key) return;
  box.key = key;
  box.replaceChildren(...list.map(({ bad, text }) => make("p", bad ? "notice bad" : "notice", text)));
}

// Why there is nothing to show: quiet, or blind?
export function why(overview, now) {
  const reasons = troubles(overview, now).map((each) => each.text);
  return reasons.length ? reasons.join(" ") : "All feeds are live; it is quiet.";
}

export function sentiment({ stats, exchanges }) {
  const { usd, events } = stats.balance;
  const share = usd.long_share;
  set($("mood"), usd.sentiment ?? "no liquidations");
  $("mood").className = (usd.sentiment ?? "none").toLowerCase();
  const bar = $("balance");
  bar.style.setProperty("--part", share ?? 0);
  bar.classList.toggle("empty", share === null);
  set(bar.firstElementChild, share === null ? "longs –" : `▼ long ${f.percent(share)}`);
  set(bar.lastElementChild, share === null ? "– shorts" : `${f.percent(1 - share)} short ▲`);
  bar.setAttribute("aria-label", `Long share by USD: ${f.percent(share)}`);
  const only = (balance) => (balance.long_share === 1 ? "only longs" : f.ratio(balance.ratio));
  const titles = new Map(exchanges.map((each) => [each.exchange, marked(each)]));
  const largest = ({ exchange: name, share: of }) => (name ? `${titles.get(name) ?? name} ${f.percent(of)}` : "–");
  fill($("balance-rows"), [
    ["Sentiment", usd.sentiment ?? "–", events.sentiment ?? "–"],
    ["Long share", f.percent(usd.long_share), f.percent(events.long_share)],
    ["Long / short", only(usd), only(events)],
    ["Imbalance", f.imbalance(usd), f.imbalance(events)],
    ["Dominance", largest(stats.dominance.usd), largest(stats.dominance.events)],
  ]);
}

export function totals({ windows, exchanges, stats }, base, chosen) {
  const size = [wide("Average"), "Largest", wide("USD / h"), wide("Events / h")];
  const columns = head("", "USD", "Events", base || null, wide("Long"), wide("Short"), "Long %", ...size);
  fill($("totals-head"), [columns], "th");
  const rows = Object.entries(windows).map(([name, { total, sides, balance }]) => {
    const cells = [f.WINDOWS[name], { ...exact(total.usd), class: "main" }, f.count(total.events)];
    if (base) cells.push({ text: f.amount(total.base_quantity), title: `${total.base_quantity} ${base}` });
    cells.push(wideExact(sides.long.usd), wideExact(sides.short.usd), shareBar(balance.usd.long_share));
    cells.push({ text: f.usd(total.average_usd), class: WIDE }, exact(total.largest_usd));
    cells.push(wide(f.usd(total.usd_per_hour)), wide(f.rate(total.events_per_hour)));
    return { cells, class: name === chosen ? "chosen" : "" };
  });
  fill($("totals-rows"), rows);
  const floors = exchanges.some((each) => each.completeness !== "full");
  const note = floors ? "* a sample, a part, or not stated: its sums, and those of all, are a floor. " : "";
  set($("totals-note"), note + (stats.first_ms ? "" : "No liquidation has been seen yet."));
}

function listed({ exchanges, stats }) {
  const known = new Map(exchanges.map((each) => [each.exchange, each]));
  for (const name of Object.keys(stats.exchanges)) {
    if (!known.has(name)) known.set(name, { exchange: name, title: name, state: "off", reason: "", note: "" });
  }
  return [...known.values()].map((each) => ({ ...each, figures: stats.exchanges[each.exchange] }));
}

function stateCell(each, now) {
  const parts = [{ text: f.STATES[each.state], class: `state ${each.state}` }];
  const since = each.since_ms ? `since ${f.moment(each.since_ms)}` : "";
  if (each.state !== "live" && each.reason) parts.push({ text: each.reason, class: "reason" });
  return { parts, class: "text", title: [each.reason, since].filter(Boolean).join(" ") };
}

export function exchanges(overview, base, now) {
  const words = ["Exchange", { text: "State", class: "text" }, { text: "Publishes", class: "text wide" }];
  const sums = ["Events", extra("Share"), base || null, "USD", wide("Share"), "Long %", "Last event"];
  fill($("exchange-head"), [head(...words, ...sums)], "th");
  const rows = listed(overview).map((each) => {
    const { total, balance } = each.figures ?? {};
    const at = each.last_event_ms;
    const age = at ? f.span((now - at) / 1000) : "–";
    const cells = [marked(each), stateCell(each, now)];
    cells.push({ text: f.COMPLETENESS[each.completeness] ?? "–", class: "text wide", title: each.note });
    cells.push(f.count(total?.events), extra(f.percent(total?.share_events)));
    if (base) cells.push(f.amount(total?.base_quantity));
    cells.push({ ...exact(total?.usd), class: "main" }, wide(f.percent(total?.share_usd)));
    cells.push(shareBar(balance?.usd.long_share), { text: age, title: at ? f.moment(at) : "none since the start" });
    return { cells, class: each.state === "live" ? "" : "blind" };
  });
  fill($("exchange-rows"), rows);
}

export function sides(overview, base) {
  const group = (side) => {
    const name = { text: `${f.sideLabel[side]} USD` };
    const columns = [name, { text: "Events" }, base ? { text: base } : null, wide("Average"), wide("Largest")];
    return head(...columns).map((each) => ({ ...each, class: `${side} ${each.class ?? ""}` }));
  };
  fill($("side-head"), [["", ...group("long"), ...group("short"), "Long %"]], "th");
  const { stats } = overview;
  const all = { title: "ALL", state: "live", figures: { sides: stats.sides, balance: stats.balance } };
  const rows = [all, ...listed(overview)].map((each, index) => {
    const { state: now, figures } = each;
    const cells = ["long", "short"].flatMap((side) => {
      const part = figures?.sides[side];
      const values = [{ ...exact(part?.usd), class: `main ${side}` }, f.count(part?.events)];
      if (base) values.push(f.amount(part?.base_quantity));
      return [...values, wide(f.usd(part?.average_usd)), wideExact(part?.largest_usd)];
    });
    const blind = now === "live" ? "" : " blind";
    return { cells: [marked(each), ...cells, shareBar(figures?.balance.usd.long_share)], class: (index ? "" : "sum") + blind };
  });
  fill($("side-rows"), rows);
}

export function topCoins(bases, chosen) {
  const rows = bases.bases.slice(0, 10).filter((each) => each.events).map((each) => ({
    cells: [
      { parts: [{ text: each.base, base: each.base }] },
      exact(each.usd),
      f.count(each.events),
      shareBar(each.usd ? each.long_usd / each.usd : null),
      exact(each.largest_usd),
    ],
    class: each.base === chosen ? "chosen" : "",
  }));
  fill($("top-rows"), rows);
  set($("top-note"), rows.length ? "" : "No liquidations in this window.");
}
