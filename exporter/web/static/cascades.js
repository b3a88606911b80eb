// What the cascade signals say: the market and the sides with the highest scores now, and the newest episodes.

import { $, fill, set } from "./dom.js";
import * as f from "./format.js";

const MARKET = "*";
const SHOWN = 6;
const name = (base) => (base === MARKET ? "All coins" : base);
const side = (which) => ({ parts: [{ text: f.sideLabel[which], class: which }], class: "text" });
const level = (word) => ({ parts: [{ text: word, class: `level ${word}` }], class: "text" });
const exact = (value, className = "") => ({ text: f.usd(value), title: f.usdExact(value), class: className });
const coin = (base) => (base === MARKET ? { text: name(base) } : { parts: [{ text: base, base }] });
const rank = (each) => each.level * 1000 + (each.score ?? 0);

export function show({ market, sides, episodes }, chosen) {
  const ranked = [...market, ...sides.filter((each) => !chosen || each.base === chosen)];
  const shown = [...market, ...ranked.slice(market.length).sort((a, b) => rank(b) - rank(a)).slice(0, SHOWN)];
  head("cascade-head", "", "Side", "Level", "Score", "USD");
  fill($("cascade-rows"), shown.map(row));
  explain(ranked, sides);
  head("episode-head", "UTC", "Coin", "Side", "Highest", "Score", "USD", "Events", "Lasted", "Price", "Exchanges");
  fill($("episode-rows"), episodes.map(episode));
  set($("episode-note"), episodes.length ? "" : "None yet: the liquidations seen so far were no cascade.");
}

function head(id, ...titles) {
  const text = new Set(["Side", "Level", "Coin", "Highest", "Exchanges"]);
  fill($(id), [titles.map((title) => ({ text: title, class: text.has(title) ? "text" : "" }))], "th");
}

function row(each) {
  const score = each.score === null ? "–" : each.score.toFixed(0);
  const usd = each.episode ? exact(each.episode.usd) : each.level > 0 ? exact(each.run_usd) : "–";
  return { cells: [coin(each.base), side(each.side), level(each.level_name), score, usd] };
}

// The highest score in words; that a coin is new or badly seen is said as well.
function explain(ranked, sides) {
  const [top] = ranked.filter((each) => each.level > 0).sort((a, b) => rank(b) - rank(a));
  const why = top ? `${name(top.base)} ${top.side}s, score ${top.score?.toFixed(0) ?? "–"}: ${top.reasons.join("; ")}` : "";
  const blind = [...new Set(sides.filter((each) => each.coverage < 0.8).map((each) => each.base))];
  const unseen = blind.length ? `Badly seen, feeds are down: ${blind.join(", ")}. ` : "";
  set($("cascade-why"), unseen + why);
  const learning = new Set(sides.filter((each) => each.warmup).map((each) => each.base)).size;
  set($("cascades-note"), learning ? `${learning} ${learning > 1 ? "coins are" : "coin is"} still being learned` : "");
}

function episode(each) {
  const open = each.state === "open";
  const move = each.price_first ? each.price_extreme / each.price_first - 1 : null;
  const contributions = Object.entries(each.contributions).map(([key, value]) => `${key} ${value.toFixed(1)}`);
  return {
    class: open ? "chosen" : "",
    cells: [
      { text: f.moment(each.start_ms).slice(5, 19), title: each.flags.join(", ") },
      { ...coin(each.base), class: "text" },
      side(each.side),
      level(each.max_level),
      { text: each.max_score.toFixed(0), title: contributions.join(", ") },
      exact(each.usd),
      { text: f.count(each.events), class: "wide" },
      open ? "running" : f.span((each.end_ms - each.start_ms) / 1000),
      { text: move === null ? "–" : `${move > 0 ? "+" : ""}${f.percent(move)}`, class: "wide" },
      { text: `${each.exchanges.length}: ${each.exchanges.join(", ")}`, class: "text wide" },
    ],
  };
}
